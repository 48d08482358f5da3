"""What an earlier version stored is still read: `tests/fixtures/data-N` was written when the format had number N."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.api.servers import threaded

FIXTURES = sorted((Path(__file__).resolve().parent.parent / "fixtures").glob("data-*"))


@pytest.mark.parametrize("stored", FIXTURES, ids=lambda path: path.name)
@pytest.mark.slow
def test_a_stored_run_is_read(stored, tmp_path):
    shutil.copytree(stored, tmp_path / "data")
    with threaded(tmp_path / "data") as client:
        (run,) = client.get("/api/v1/runs").json()["items"]
        assert run["status"] == "succeeded"
        assert run["request"]["gate"] == "minimal"
        for link in run["links"].values():
            answer = client.get(link)
            assert answer.status_code == 200, f"{link}: {answer.text}"
        plots = client.get(run["links"]["plots"]).json()["items"]
        assert client.get(plots[0]["links"]["svg"]).text.startswith("<svg")
        (value,) = (
            row["value"]
            for row in client.get(run["links"]["metrics"]).json()["metrics"]
            if (row["metric"], row["class"]) == ("arrivals_per_day", None)
        )
        assert value > 100


def test_there_is_one_of_every_format():
    from api.service.data_folder import FORMAT

    assert [path.name for path in FIXTURES] == [f"data-{number}" for number in range(1, FORMAT + 1)]

"""A result exported as CSV, Parquet, OCEL 2.0 and XES: the same times in every form, and each form sound."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pandas as pd
import pyarrow.parquet as pq
import pytest
import r4pm
from typer.testing import CliRunner

from api.cli.app import app
from experiments.logs.columns import TABLES
from experiments.logs.export import FORMS, export
from experiments.logs.paths_taken import PathsTaken
from gates import ConfigError, Gate, load_gate
from tests.experiments.folders import friendship_pass, one_way, write_folder

XES = "{http://www.xes-standard.org/}"


def _items(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {
            "type": "object",
            "properties": properties,
            "required": list(required),
            "additionalProperties": False,
        },
    }


TEXT = {"type": "string"}
TIME = {"type": "string", "format": "date-time"}
TYPES = _items("name", "attributes", name=TEXT, attributes=_items("name", "type", name=TEXT, type=TEXT))
RELATED = _items("objectId", "qualifier", objectId=TEXT, qualifier=TEXT)
OCEL_2 = {
    "type": "object",
    "required": ["eventTypes", "objectTypes", "events", "objects"],
    "properties": {
        "eventTypes": TYPES,
        "objectTypes": TYPES,
        "events": _items(
            "id",
            "type",
            "time",
            id=TEXT,
            type=TEXT,
            time=TIME,
            attributes=_items("name", "value", name=TEXT, value=TEXT),
            relationships=RELATED,
        ),
        "objects": _items(
            "id",
            "type",
            id=TEXT,
            type=TEXT,
            relationships=RELATED,
            attributes=_items("name", "value", "time", name=TEXT, value=TEXT, time=TIME),
        ),
    },
}
"""What chapter 8 of the OCEL 2.0 specification demands of a JSON file, and no field besides."""


def piloted() -> Gate:
    """Return a gate with a choice and a pool: two officers at the booth, a desk for the papers of some trucks."""
    return one_way(
        pools={"officers": {"side": "vn", "shifts": [{"hours": "24 h", "units": 2}]}},
        stages={
            "booth": {
                "side": "vn",
                "lanes": 1,
                "hours": "08:00-18:00",
                "service": {"constant": "10 min"},
                "needs": {"officers": 1},
            },
            "desk": {"side": "cn", "lanes": "unlimited", "hours": "24 h", "service": {"constant": "5 min"}},
        },
        paths={
            "northbound": [
                {"choose": "channel", "shares": {"green": "70 %", "yellow": "30 %"}, "then": {"yellow": ["desk"]}},
                "booth",
                {"mark": "released"},
            ]
        },
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("run") / "piloted", piloted(), days=2, keep_events=2)


@pytest.fixture(scope="module")
def exported(result: Path) -> dict[str, Path]:
    return {form: export(result, form, result.parent / form) for form in FORMS}


def test_csv_has_every_table_and_its_metadata_every_column(result: Path, exported: dict[str, Path]) -> None:
    folder = exported["csv"]
    written = {path.stem for path in result.glob("*.parquet")} | {"events"}
    assert {path.stem for path in folder.glob("*.csv")} == written
    metadata = json.loads((folder / "csv-metadata.json").read_text())
    told = {
        table["url"]: [column["titles"] for column in table["tableSchema"]["columns"]] for table in metadata["tables"]
    }
    assert told == {f"{name}.csv": pd.read_csv(folder / f"{name}.csv", nrows=1).columns.to_list() for name in written}
    assert all(c["dc:description"].endswith(".") for t in metadata["tables"] for c in t["tableSchema"]["columns"])


def test_columns_of_results_are_all_declared(result: Path) -> None:
    for path in result.glob("*.parquet"):
        assert pq.read_schema(path).names == [c.name for c in TABLES[path.stem]], path.stem


def test_times_are_those_of_the_log_on_every_clock(result: Path, exported: dict[str, Path]) -> None:
    kept = pd.concat([pd.read_parquet(p, partitioning=None) for p in sorted((result / "events").glob("*.parquet"))])
    shown = pd.read_csv(exported["csv"] / "events.csv")
    begin = pd.Timestamp(json.loads((result / "manifest.json").read_text())["tick_zero"])
    assert shown["replication"].unique().tolist() == [0, 1]
    for moment in ("joined", "started", "finished", "left"):
        for side, ahead in (("vn", "+07:00"), ("cn", "+08:00")):
            texts = shown[f"{moment}_{side}"]
            assert texts.dropna().str.endswith(ahead).all()
            elapsed = (pd.to_datetime(texts, utc=True) - begin) / pd.Timedelta(milliseconds=1)
            assert elapsed.round().tolist() == pytest.approx(kept[moment].tolist(), abs=0, nan_ok=True)
    # the booth opens at 08:00 in Vietnam, when it is 09:00 in China
    first = shown[shown["stage"] == "booth"].iloc[0]
    assert first["started_vn"][10:19] == "T08:00:00"
    assert first["started_cn"][10:19] == "T09:00:00"


def test_parquet_holds_the_same_with_units(exported: dict[str, Path]) -> None:
    table = pq.read_table(exported["parquet"] / "events.parquet")
    texts = pd.read_csv(exported["csv"] / "events.csv")
    assert table.column_names == texts.columns.to_list()
    assert table.column("left").to_pylist() == [None if pd.isna(v) else int(v) for v in texts["left"]]
    field = table.schema.field("joined")
    assert field.metadata[b"unit"] == b"ms"
    assert field.metadata[b"description"].startswith(b"When the truck joined the queue of the stage, since")
    assert str(table.schema.field("left_cn").type) == "timestamp[ms, tz=Asia/Shanghai]"
    same = pd.to_datetime(texts["left_vn"], utc=True)
    assert (table.column("left_cn").to_pandas().dropna() == same.dropna()).all()


def test_ocel_passes_its_schema_and_a_reader_of_others(exported: dict[str, Path]) -> None:
    path = exported["ocel"] / "events.ocel.json"
    document = json.loads(path.read_text())
    jsonschema_rs.validator_for(OCEL_2, validate_formats=True).validate(document)
    objects = {each["id"]: each for each in document["objects"]}
    events = {each["id"]: each for each in document["events"]}
    assert len(objects) == len(document["objects"])
    assert len(events) == len(document["events"])
    related = [r["objectId"] for each in (*document["events"], *document["objects"]) for r in each["relationships"]]
    assert set(related) <= objects.keys()
    for kind, of in (("eventTypes", "events"), ("objectTypes", "objects")):
        declared = {t["name"]: {a["name"] for a in t["attributes"]} for t in document[kind]}
        assert all({a["name"] for a in e["attributes"]} <= declared[e["type"]] for e in document[of])

    texts = pd.read_csv(exported["csv"] / "events.csv")
    trucks = pd.read_csv(exported["csv"] / "trucks.csv")
    moments = int(texts[["joined", "started", "finished", "left"]].notna().sum().sum())
    of_trucks = int(trucks[["arrived", "released", "departed"]].notna().sum().sum())
    read = r4pm.import_item("OCEL", str(path))
    assert r4pm.bindings.num_events(read) == moments + of_trucks
    assert r4pm.bindings.num_objects(read) == 2 * len(trucks) + 3  # lanes of booth and desk, a pool
    started = events["visit 0/0/0 start"] if "visit 0/0/0 start" in events else events["visit 0/0/1 start"]
    assert {r["qualifier"] for r in started["relationships"]} <= {"truck", "load", "served by", "needs"}
    served = [e for e in document["events"] if e["type"] == "booth: start"]
    assert all(
        ("pool officers", "needs") in [(r["objectId"], r["qualifier"]) for r in e["relationships"]] for e in served
    )


def test_xes_is_flattened_on_trucks_and_passes_a_reader_of_others(exported: dict[str, Path]) -> None:
    path = exported["xes"] / "events.xes"
    texts = pd.read_csv(exported["csv"] / "events.csv")
    read = r4pm.import_item("EventLog", str(path))
    variants = r4pm.bindings.log_to_activity_projection(read)
    log = ElementTree.parse(path).getroot()  # our own file
    traces = log.findall(f"{XES}trace")
    assert r4pm.bindings.get_num_cases(variants) == len(traces) == len(pd.read_csv(exported["csv"] / "trucks.csv"))
    counts = Counter(
        part.get("value")
        for event in log.iter(f"{XES}event")
        for part in event
        if part.get("key") == "lifecycle:transition"
    )
    assert counts == {
        "schedule": texts["joined"].notna().sum(),
        "start": texts["started"].notna().sum(),
        "complete": texts["finished"].notna().sum(),
    }
    # a time is on the clock of its stage: the booth is in Vietnam, the desk in China
    for event in log.iter(f"{XES}event"):
        shown = {part.get("key"): str(part.get("value")) for part in event}
        assert shown["time:timestamp"].endswith({"booth": "+07:00", "desk": "+08:00"}[shown["concept:name"]])


def test_the_alternative_of_a_choice_is_told_by_the_stages() -> None:
    taken = PathsTaken(piloted())
    # no stage is of green alone: a truck that came to the booth, behind the choice, without the desk took it
    assert taken.taken("northbound", "general", ["desk"]) == {"channel": "yellow"}
    assert taken.taken("northbound", "general", ["desk", "booth"]) == {"channel": "yellow"}
    assert taken.taken("northbound", "general", ["booth"]) == {"channel": "green"}
    assert taken.taken("northbound", "general", []) == {"channel": None}
    real = PathsTaken(load_gate("friendship-pass"))
    stages = ["declaration-vn", "registration-vn", "metering-yard"]
    assert real.taken("northbound", "durian", stages) == {"readiness": "ready", "channel": None}
    more = ["declaration-vn", "hold-vn", "registration-vn", "metering-yard", "gate-in-vn", "customs-bays"]
    assert real.taken("northbound", "durian", more) == {"readiness": "held", "channel": "red"}


def test_a_choice_that_stages_do_not_tell_is_left_open() -> None:
    # both alternatives are without a stage of their own, so nobody can tell
    gate = one_way(paths={"northbound": [{"choose": "lot", "shares": {"a": "50 %", "b": "50 %"}}, "booth", "desk"]})
    assert PathsTaken(gate).taken("northbound", "general", ["booth", "desk"]) == {"lot": None}


def test_one_replication_alone(result: Path, tmp_path: Path) -> None:
    folder = export(result, "csv", tmp_path / "one", replication=1)
    assert pd.read_csv(folder / "events.csv")["replication"].unique().tolist() == [1]
    assert pd.read_csv(folder / "queues.csv")["replication"].nunique() == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--form", "xls"], "--form = xls - is not a form of export"),
        (["--replication", "7"], "--replication = 7 - its event log is not kept"),
        (["--out", "."], "exists already"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    result: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    done = CliRunner().invoke(app, ["export", str(result), *arguments])
    assert done.exit_code == 2
    assert said in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_result_without_its_events_says_how_to_get_them(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "bare", one_way(), days=1, keep_events=0)
    with pytest.raises(ConfigError, match="keeps no event log") as error:
        export(folder, "ocel", tmp_path / "out")
    assert "--keep-events 1" in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_gate_with_everything_is_exported(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "fp", friendship_pass(), days=1, warmup_days=0, replications=1)
    for form in FORMS:
        assert all(path.stat().st_size for path in export(folder, form, tmp_path / form).iterdir())
    trucks = pd.read_csv(tmp_path / "csv" / "trucks.csv")
    shares = trucks[trucks["direction"] == "southbound"]["choice.channel"].value_counts(normalize=True)
    # drawn with 45 %, 35 % and 20 %: with some 300 trucks within 10 points
    assert shares["green"] == pytest.approx(0.45, abs=0.1)
    assert shares["red"] == pytest.approx(0.20, abs=0.1)

"""Where replications run: safe addresses, a real cluster with a worker killed, processes that end with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.operating_system import FORKS
from experiments.runs import executors
from experiments.studies.model import metric_key
from experiments.studies.run import run_study
from gates import ConfigError
from tests.experiments.studies import small

MEAN = metric_key("clearance_h.mean.northbound")


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("tcp://8.8.8.8:8786", "a public address without TLS"),
        ("8.8.8.8:8786", "a public address without TLS"),
        ("tcp://0.0.0.0:8786", "a public address without TLS"),
        ("tcp://scheduler.example:8786", "a host name without TLS"),
        ("http://127.0.0.1:8786", "not an address"),
        ("tcp://", "not an address"),
    ],
)
def test_work_never_goes_over_a_public_network_in_the_clear(address, problem):
    with pytest.raises(ConfigError, match=problem):
        executors.refuse_open_address(address)


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("tls://203.0.113.5:8786", False),
        ("tls://scheduler.example:8786", False),
        ("tcp://127.0.0.1:8786", False),
        ("localhost:8786", False),
        ("tcp://10.0.0.5:8786", True),
    ],
)
def test_what_is_allowed_and_what_is_warned_about(address, warned):
    executors.refuse_open_address(address)
    assert executors.is_shared_network(address) is warned


@pytest.mark.long
def test_an_address_without_scheduler_is_a_finding():
    pytest.importorskip("distributed")
    with pytest.raises(ConfigError, match="no scheduler answers"), executors.dask("tcp://127.0.0.1:9"):
        pass


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks at /proc")
def test_workers_end_when_their_parent_is_killed():
    script = """
import os, time
from experiments.runs.executors import local
if __name__ == "__main__":
    with local(2) as pool:
        found = {pool.submit(os.getpid).result() for _ in range(20)}
        print(*found, flush=True)
        time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert workers
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # Dask's own threads and loops
def test_a_cluster_gives_the_same_results_though_a_worker_is_killed():
    distributed = pytest.importorskip("distributed")
    study = small(replications=60)
    here = run_study(study)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        victims = [worker.pid for worker in cluster.workers.values()]
        killed: list[int] = []

        def kill_one(done: int, total: int) -> None:
            if not killed and 0 < done < total:
                os.kill(victims[0], signal.SIGKILL)
                killed.append(victims[0])

        with executors.dask(address) as pool:
            there = run_study(study, executor=pool, progress=kill_one)
    assert killed, "the study was over before a worker could be killed"
    for key in here.metrics:
        for name, values in here.values(key).items():
            assert (values == there.values(key)[name]).all()


def test_a_folder_that_holds_other_modules_of_these_names(tmp_path):
    """The process that loads modules for the others starts where the user is, whatever lies there."""
    for name in ("experiments", "sim"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('another one was loaded')\n")
    program = tmp_path / "programs" / "program.py"
    program.parent.mkdir()
    program.write_text(
        "import sys\n"
        "from experiments.runs import executors\n"
        "def loaded():\n"
        "    return 'experiments.runs.replications' in sys.modules\n"
        "if __name__ == '__main__':\n"
        "    with executors.local(1) as pool:\n"
        "        print(pool.submit(loaded).result())\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.returncode) == (f"{FORKS}\n", 0), (
        done.stderr
    )  # where nothing is forked, each loads its own

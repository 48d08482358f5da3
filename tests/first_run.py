"""Run a gate once, so that its compiled code is kept for every process of the tests: `python -m tests.first_run`."""

from __future__ import annotations

from experiments import RunSettings, run_scenario
from gates import Scenario, load_gate

if __name__ == "__main__":
    run_scenario(Scenario(gate=load_gate("friendship-pass"), days=1, warmup_days=0), RunSettings(replications=1))

"""Whose turn it is: shares of projects and keys, and that nobody waits behind what others have submitted."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from api.service.queue.admission import Refused
from api.service.queue.fair import Share, Turns
from api.service.queue.work import FINISHING_S, PIECE_S, RATE_S, Finish, Loan, Part, Work, is_out_of_memory
from api.service.runs import RunService
from api.service.security.access import Access
from api.service.submission import Submission
from tests.api.servers import SHORT
from tests.api.test_scheduler import MANY, service

OFFICE, GUEST = Access("office", "run"), Access("guest", "run")
STUDY = {
    "name": "lanes",
    "question": "What does a lane more bring?",
    "gate": "minimal",
    "days": 30,
    "replications": 200,
    "scenarios": [{"name": "more", "demand": 0.9}],
}


def turns(shares: list[tuple[Share, float]], count: int, seconds: float = 1.0) -> list[Share]:
    """Give pieces of a second to shares, by weight, that always want more."""
    found, given, weights = Turns(), [], dict(shares)
    for _ in range(count):
        first = found.first(share for share, _ in shares)
        assert first is not None
        found.begin(first, seconds, weights[first])
        given.append(first)
    return given


def test_each_project_gets_its_share_whatever_the_number_of_its_keys():
    keys = [Share.of("north", f"key-{n}") for n in range(9)]
    given = turns([*((key, 1.0) for key in keys), (Share.of("south", "other"), 1.0)], 36)
    assert Counter(share.group for share in given) == {"project north": 18, "project south": 18}
    assert Counter(share.owner for share in given if share.group == "project north") == {
        f"key-{n}": 2 for n in range(9)
    }


def test_a_key_without_a_project_stands_for_itself():
    assert len({Share.of("", "a").group, Share.of("", "b").group, Share.of("a", "b").group}) == 3
    assert Share.of("north", "a").group == Share.of("north", "b").group


def test_weights():
    heavy, light = Share.of("", "heavy"), Share.of("", "light")
    assert Counter(turns([(heavy, 3.0), (light, 1.0)], 40)) == {heavy: 30, light: 10}


def test_who_was_away_gets_no_credit_and_who_comes_does_not_wait():
    """On paper: after 100 s for one alone, a second comes; they take turns from then on."""
    one, two, found = Share.of("", "one"), Share.of("", "two"), Turns()
    for _ in range(100):
        found.begin(one, 1.0)
    order = []
    for _ in range(6):
        first = found.first([one, two])
        assert first is not None
        found.begin(first, 1.0)
        order.append(first.owner)
    assert order == ["two", "one", "two", "one", "two", "one"]


def test_who_took_longer_than_expected_waits_longer():
    one, two, found = Share.of("", "one"), Share.of("", "two"), Turns()
    found.begin(one, 1.0)
    found.begin(two, 1.0)
    found.end(one, 5.0, expected=1.0)  # clocks: 5 and 1
    order = []
    for _ in range(5):
        first = found.first([one, two])
        assert first is not None
        found.begin(first, 1.0)
        order.append(first.owner)
    assert order == ["two", "two", "two", "two", "one"]


def work(**changes: Any) -> Work:
    settled: dict[str, Any] = {"kind": "run", "text": "", "total": 10, "timeout": 60.0, "replication_s": 0.4}
    return Work(**{"id": "run_0", "share": Share.of("", "a"), **settled, **changes})


def test_what_a_piece_is_expected_to_take():
    found = work()
    assert found.chunk == PIECE_S / 0.4 == 5
    assert found.expected_s(Part(2, 5)) == pytest.approx(1.2)
    assert found.expected_s(Finish()) == FINISHING_S
    assert found.expected_s(Loan(None, print)) == PIECE_S  # type: ignore[arg-type]
    assert work(replication_s=100.0).chunk == 1


def test_time_left_follows_the_pace_of_late():
    found = work()
    assert found.seconds_left(20, 100, now=100.0) is None, "taken up with a fifth done: no pace yet"
    assert found.seconds_left(30, 100, now=110.0) == pytest.approx(70)
    assert found.seconds_left(35, 100, now=120.0) == pytest.approx(65 * 20 / 15)
    late = found.seconds_left(36, 100, now=120.0 + RATE_S)
    assert late == pytest.approx(64 * 40 / 6), "since the last look that is as old as that"


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (OSError("ZSTD compression failed: Allocation error : not enough memory"), True),
        (OSError(28, "No space left on device"), False),
        (ValueError("not enough memory"), False),
    ],
)
def test_what_lack_of_memory_looks_like(error, is_it):
    assert is_out_of_memory(error) is is_it


async def done(found: RunService, access: Access, request: dict[str, Any], kind: str = "run") -> str:
    row, _ = await found.submit(Submission(request, kind, access, reuse=False))
    return (await found.ended(access, row.id, 300)).status


@pytest.mark.slow
@pytest.mark.parametrize(("request_", "kind", "count"), [(MANY, "run", 20), (STUDY, "study", 4)])
def test_nobody_waits_behind_what_another_key_has_submitted(tmp_path: Path, request_, kind, count):
    async def several() -> tuple[str, int]:
        async with service(tmp_path / "data") as found:
            warm = await done(found, GUEST, SHORT)
            assert warm == "succeeded"
            for number in range(count):
                each = {**request_, "seed": number + 1, **({"name": f"s{number}"} if kind == "study" else {})}
                await found.submit(Submission(each, kind, OFFICE, reuse=False))
            await asyncio.sleep(2)  # the first pieces are in hand
            before = found.unfinished
            status = await done(found, GUEST, {**SHORT, "seed": 99})
            return status, before - found.unfinished

    status, finished_meanwhile = asyncio.run(several())
    assert status == "succeeded"
    assert finished_meanwhile <= 1


@pytest.mark.long
def test_a_study_shares_the_workers_and_gives_them_back(tmp_path: Path):
    """With one that simulates, two studies and a run end well; a study that is cancelled leaves nobody busy."""

    async def several() -> list[str]:
        async with service(tmp_path / "data") as found:
            long = {**STUDY, "replications": 2000, "name": "long"}
            row, _ = await found.submit(Submission(long, "study", OFFICE))
            async for seen in found.events(OFFICE, row.id):
                if seen is not None and seen.done > 0:
                    assert seen.phase == "simulating"
                    break
            short = {**STUDY, "replications": 5}
            ends = await asyncio.gather(done(found, GUEST, short, "study"), done(found, GUEST, SHORT))
            await found.cancel(OFFICE, row.id)
            return [*ends, await done(found, OFFICE, SHORT)]

    assert asyncio.run(several()) == ["succeeded"] * 3


@pytest.mark.slow
def test_the_same_at_the_same_moment_is_one_run(tmp_path: Path):
    async def several() -> tuple[set[str], list[bool]]:
        async with service(tmp_path / "data") as found:
            answers = await asyncio.gather(*(found.submit(Submission(SHORT, access=OFFICE)) for _ in range(5)))
            other, _ = await found.submit(Submission(SHORT, access=GUEST))
            ids = {row.id for row, _ in answers}
            assert other.id not in ids, "never that of another key"
            return ids, [is_reused for _, is_reused in answers]

    ids, reused = asyncio.run(several())
    assert len(ids) == 1
    assert sorted(reused) == [False, True, True, True, True]


def test_a_quota_counts_what_is_not_finished(tmp_path: Path):
    async def several() -> str:
        async with service(tmp_path / "data") as found:
            few = Access("office", "run", quota=2)
            for seed in (1, 2):
                await found.submit(Submission({**MANY, "seed": seed}, access=few))
            with pytest.raises(Refused) as refused:
                await found.submit(Submission({**MANY, "seed": 3}, access=few))
            await found.submit(Submission({**MANY, "seed": 3}, access=GUEST))
            return str(refused.value)

    assert asyncio.run(several()) == "2 runs of this key are not finished, as many as it may have. Wait for them."


@pytest.mark.slow
def test_the_urgent_goes_before_the_other_runs_of_its_key(tmp_path: Path):
    async def several() -> list[str]:
        async with service(tmp_path / "data") as found:
            asked = [({**MANY, "seed": 1}, "low"), ({**SHORT, "seed": 2}, "normal"), ({**SHORT, "seed": 3}, "high")]
            rows = [(await found.submit(Submission(each, access=OFFICE, priority=word)))[0] for each, word in asked]
            await asyncio.gather(*(found.ended(OFFICE, row.id, 100) for row in rows[1:]))
            states = [await found.get(OFFICE, row.id) for row in rows]
            assert states[0].status == "running"
            ended = sorted(states[1:], key=lambda row: row.finished or 0)
            return [str(row.priority) for row in ended]

    assert asyncio.run(several()) == ["1", "0"]

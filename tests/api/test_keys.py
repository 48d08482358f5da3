"""Who is let in: keys, scopes, hosts, and a server that refuses to start without them."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from api.cli.app import app
from api.http.server import asks_for_keys
from api.service.data_folder import open_folder
from api.service.security import keys
from api.service.security.keyring import KeyRefused, Keyring
from api.service.security.keys import AccessKey
from api.service.store import Store
from gates import ConfigError
from tests.api.servers import LONG, SHORT, access_key, process, submitted
from tests.api.test_cli import bordergate, refused

NOW = time.time()


def key(data: Path, name: str, scope: str) -> dict[str, str]:
    done = bordergate("keys", "add", name, "--scope", scope, "--data", str(data), cwd=data.parent)
    assert done.returncode == 0, done.stderr
    secret = done.stdout.strip()
    assert secret.startswith("bg_")
    assert secret.encode() not in b"".join(path.read_bytes() for path in data.glob("bordergate.*"))
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("options", [["--host", "0.0.0.0"], ["--allow-host", "gates.example"]])
def test_others_cannot_reach_a_server_without_a_key(options, tmp_path):
    done = bordergate("serve", "--port", "0", "--data", "data", *options, cwd=tmp_path)
    assert refused(done) == [
        f"{options[0]} = {options[1]} - others could reach the server, and it has no access key. Make one first: "
        "bordergate keys add NAME --scope run, with the same --data and --database."
    ]


@pytest.mark.slow
def test_keys_and_their_scopes(tmp_path):
    data = tmp_path / "data"
    read = key(data, "a", "read")
    run, other, admin = (
        access_key(data, name, scope, "gates") for name, scope in (("b", "run"), ("c", "run"), ("d", "admin"))
    )
    with process(data, "--host", "0.0.0.0", "--allow-host", "gates.example") as server:
        client = server.client
        client.base_url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert client.get("/health").status_code == 200
        assert client.get("/docs").status_code == 200
        for wrong in ({}, {"Authorization": "Bearer bg_wrong"}, {"Authorization": "Basic YTpi"}):
            answer = client.get("/api/v1/runs", headers=wrong)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")
        assert client.get("/metrics").status_code == 401
        assert client.get("/api/v1/runs", headers=read).status_code == 200
        assert client.get("/api/v1/runs", headers={**read, "Host": "gates.example"}).status_code == 200
        assert client.get("/api/v1/runs", headers={**read, "Host": "evil.example"}).status_code == 400
        assert client.post("/api/v1/runs", json=SHORT, headers=read).status_code == 403
        made = submitted(client, LONG, **run)
        assert client.post(made["links"]["cancel"], headers=other).status_code == 403
        assert client.post(made["links"]["cancel"], headers=admin).status_code == 202
        assert client.delete(made["links"]["self"], headers=run).status_code == 204
        assert bordergate("keys", "remove", "a", "--data", "data", cwd=tmp_path).returncode == 0
        until_refused(client, read)
    lines = [line.partition("refused: ")[2] for line in server.log.splitlines() if "refused: " in line]
    assert lines[:8] == [
        "401 GET /api/v1/runs from 127.0.0.1: no key",
        "401 GET /api/v1/runs from 127.0.0.1: unknown key",
        "401 GET /api/v1/runs from 127.0.0.1: no key",
        "401 GET /metrics from 127.0.0.1: no key",
        "400 GET /api/v1/runs from 127.0.0.1: bad-host",
        "403 POST /api/v1/runs from 127.0.0.1: key a may only read",
        f"key c may not change {made['id']} of b",
        "401 GET /api/v1/runs from 127.0.0.1: unknown key",
    ]
    assert "bg_" not in server.log


def until_refused(client: httpx.Client, header: dict[str, str], seconds: float = 60) -> None:
    """Wait until a key that was removed is refused."""
    until = time.monotonic() + seconds
    while client.get("/api/v1/runs", headers=header).status_code != 401:
        assert time.monotonic() < until, "a removed key still works"
        time.sleep(0.2)


@pytest.mark.long
def test_a_public_server_without_its_last_key_lets_nobody_in(tmp_path):
    data = tmp_path / "data"
    last = access_key(data, "only", "admin")
    with process(data, "--host", "0.0.0.0") as server:
        client = server.client
        client.base_url = server.url.replace("0.0.0.0", "127.0.0.1")
        made = submitted(client, LONG, **last)
        requests = [
            ("GET", "/api/v1/runs"),
            ("GET", made["links"]["self"]),
            ("GET", "/api/v1/studies"),
            ("GET", "/metrics"),
            ("POST", made["links"]["cancel"]),
            ("POST", "/api/v1/runs"),
            ("DELETE", made["links"]["self"]),
        ]

        def statuses(**header: str) -> set[int]:
            return {client.request(method, path, headers=header).status_code for method, path in requests}

        assert statuses() == {401}
        done = bordergate("keys", "remove", "only", "--data", "data", cwd=tmp_path)
        assert refused(done) == [
            "NAME = only - is the last valid key; without it, nobody can use a server that requires keys. "
            "Make another key first, or use --force."
        ]
        assert client.get("/api/v1/runs", headers=last).status_code == 200
        done = bordergate("keys", "remove", "only", "--force", "--data", "data", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert statuses() == {401}
        until_refused(client, last)
        for _ in range(8):  # until the keys have been read once more
            assert statuses() == {401}
            assert statuses(**last) == {401}
            time.sleep(1)
        again = access_key(data, "new", "admin")
        found = client.get(made["links"]["self"], headers=again).json()
        assert found["status"] in ("queued", "running"), "nobody has cancelled or deleted it"
        assert client.post(made["links"]["cancel"], headers=again).status_code == 202


VALID = AccessKey("0", "a", "run", (), NOW)
EXPIRED = AccessKey("1", "b", "run", (), NOW - 10, expires=NOW - 1)


@pytest.mark.parametrize(
    ("known", "host", "hosts", "option", "asks"),
    [
        ([], "127.0.0.1", [], None, False),
        ([], "localhost", [], False, False),
        ([VALID], "::1", [], False, False),
        ([VALID], "127.0.0.1", [], True, True),
        ([VALID], "0.0.0.0", [], None, True),
        ([VALID], "192.0.2.1", [], True, True),
        ([VALID, EXPIRED], "127.0.0.1", ["gates.example"], None, True),
    ],
)
def test_the_start_decides_whether_keys_are_asked_for(known, host, hosts, option, asks):
    assert asks_for_keys(known, host, hosts, option) is asks


MAKE = "Make one first: bordergate keys add NAME --scope run, with the same --data and --database."


@pytest.mark.parametrize(
    ("known", "host", "hosts", "option", "message"),
    [
        ([], "::", [], None, f"--host = :: - others could reach the server, and it has no access key. {MAKE}"),
        (
            [EXPIRED],
            "192.0.2.1",
            [],
            None,
            f"--host = 192.0.2.1 - others could reach the server, and it has no access key. {MAKE}",
        ),
        ([], "127.0.0.1", [], True, f"--keys - there is no access key. {MAKE}"),
        (
            [VALID],
            "127.0.0.1",
            ["gates.example"],
            False,
            "--allow-host = gates.example - others could reach the server without a key. "
            "Leave --no-keys out, or listen on 127.0.0.1 without --allow-host.",
        ),
        (
            [VALID],
            "127.0.0.1",
            [],
            None,
            "--keys - there are access keys, but only this machine can reach the server. "
            "Use --keys to require them, or --no-keys to let every user of this machine in without one.",
        ),
    ],
)
def test_starts_that_are_refused(known, host, hosts, option, message):
    with pytest.raises(ConfigError) as failed:
        asks_for_keys(known, host, hosts, option)
    assert [str(finding) for finding in failed.value.findings] == [message]


# the command


runner = CliRunner()


def invoke(*words: str) -> list[str]:
    done = runner.invoke(app, ["keys", *words], env={"COLUMNS": "160", "BORDERGATE_DATA": "data"})
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def not_done(*words: str) -> str:
    done = runner.invoke(app, ["keys", *words], env={"COLUMNS": "160", "BORDERGATE_DATA": "data"})
    assert done.exit_code == 2, done.output
    return done.output.strip()


@pytest.fixture
def folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)


def stored_keys() -> list[AccessKey]:
    stored = Store(f"sqlite:///{open_folder(Path('data')).database}")
    found = stored.at_once(keys.all_keys())
    stored.close()
    return found


def test_keys_are_listed_with_what_they_allow(folder):
    invoke("add", "reader", "--scope", "read", "--project", "north", "--project", "south")
    invoke("add", "guest", "--expires", "2099-12-31", "--weight", "2.5", "--quota", "3")
    today = dt.datetime.now(dt.UTC).date()
    rows = [re.split(r"\s{2,}", line.strip()) for line in invoke("list") if str(today) in line]
    assert rows == [
        ["guest", "run", "–", "2.5", "3", str(today), "2100-01-01 00:00", "never"],
        ["reader", "read", "north south", "1", "–", str(today), "never", "never"],
    ]


def test_a_key_is_rotated_without_a_gap(folder):
    (old,) = invoke("add", "office", "--scope", "admin", "--project", "north", "--weight", "2", "--quota", "9")
    (new,) = invoke("rotate", "office", "--overlap", "48")
    before, after = stored_keys()
    assert (before.sha256, after.sha256) == (keys.hashed(old), keys.hashed(new))
    assert before.expires == after.created + 48 * 3600
    assert (after.name, after.scope, after.projects, after.expires) == ("office", "admin", ("north",), None)
    assert (after.weight, after.quota) == (2.0, 9)
    invoke("rotate", "office", "--overlap", "72")
    assert stored_keys()[0].expires == before.expires, "the older one is not prolonged"
    invoke("rotate", "office", "--overlap", "0")
    works = [one for one in stored_keys() if one.is_valid(time.time())]
    assert len(works) == 1


def test_a_rotated_key_expires_as_its_predecessor_would(folder):
    invoke("add", "office", "--expires", "2099-12-31")
    (first,) = stored_keys()
    invoke("rotate", "office")
    second = stored_keys()[-1]
    assert first.expires is not None
    assert second.expires is not None
    assert second.expires - second.created == pytest.approx(first.expires - first.created, abs=1)
    invoke("rotate", "office", "--expires", "2098-12-31")
    assert stored_keys()[-1].expires == dt.datetime(2099, 1, 1, tzinfo=dt.UTC).timestamp()


def test_a_key_is_changed(folder):
    invoke("add", "office")
    invoke("set", "office", "--project", "north", "--scope", "admin")
    invoke("set", "office", "--expires", "2099-12-31")
    invoke("set", "office", "--weight", "3", "--quota", "7")
    (found,) = stored_keys()
    assert (found.scope, found.projects, found.weight, found.quota) == ("admin", ("north",), 3.0, 7)
    assert found.expires == dt.datetime(2100, 1, 1, tzinfo=dt.UTC).timestamp()


def test_the_last_key_that_works_stays(folder):
    message = (
        "NAME = a - is the last valid key; without it, nobody can use a server that requires keys. "
        "Make another key first, or use --force."
    )
    invoke("add", "a")
    assert not_done("remove", "a") == message
    invoke("add", "b")
    invoke("remove", "b")
    access_key(Path("data"), "old", "run", expires=time.time() - 1)
    assert not_done("remove", "a") == message, "one that has expired does not count"
    invoke("remove", "old")
    invoke("remove", "a", "--force")
    assert stored_keys() == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["add", "Office"],
            "NAME = Office - is not a valid name. Use lower-case letters, digits and hyphens, 40 at most.",
        ),
        (
            ["add", "x", "--project", "North"],
            "--project = North - is not a valid name. Use lower-case letters, digits and hyphens, 40 at most.",
        ),
        (
            ["add", "a"],
            "NAME = a - has a key already. Use another name, or make a new key for it: bordergate keys rotate.",
        ),
        (["add", "x", "--expires", "soon"], "--expires = soon - is not a date. Write it as 2027-06-30."),
        (["add", "x", "--expires", "9999-12-31"], "--expires = 9999-12-31 - is not a date. Write it as 2027-06-30."),
        (["add", "x", "--expires", "2020-02-29"], "--expires = 2020-02-29 - is in the past. Use today or a later day."),
        (["rotate", "nobody"], "NAME = nobody - has no key. bordergate keys list shows all keys."),
        (["set", "nobody", "--scope", "read"], "NAME = nobody - has no key. bordergate keys list shows all keys."),
        (["set", "a"], "NAME = a - nothing to change. Give --scope, --project, --expires, --weight or --quota."),
        (["remove", "nobody"], "NAME = nobody - has no key. bordergate keys list shows all keys."),
    ],
)
def test_mistakes_with_keys(words, message, folder):
    invoke("add", "a")
    assert not_done(*words) == message


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["serve", "--database", "mysql://x"], "is not a database of a known kind"),
        (["serve", "--database", "postgresql://nobody@127.0.0.1:1/none"], "cannot be opened"),
    ],
)
def test_databases_that_cannot_be(arguments, text, tmp_path):
    assert text in refused(bordergate(*arguments, "--data", "data", cwd=tmp_path))[0]


# the running server's view of the keys


@pytest.fixture
def stored(tmp_path):
    found = Store(f"sqlite:///{tmp_path / 'db'}")
    yield found
    found.close()


def test_a_keyring_knows_new_keys_soon_and_notes_their_use(stored):
    first, second = keys.new_key("a", "run", ("north",)), keys.new_key("b", "read")
    stored.at_once(keys.add(first[1]))

    async def used() -> None:
        ring = Keyring(stored)
        assert await ring.access(first[0]) == first[1].access
        stored.at_once(keys.add(second[1]))
        until = time.monotonic() + 10
        while True:
            try:
                assert await ring.access(second[0]) == second[1].access
                return
            except KeyRefused:
                assert time.monotonic() < until
                await asyncio.sleep(0.1)

    before = time.time()
    asyncio.run(used())
    noted = [one.last_used for one in stored.at_once(keys.all_keys())]
    assert all(moment is not None and before <= moment <= time.time() for moment in noted)


def test_keys_that_a_keyring_refuses(stored):
    expired, key = keys.new_key("guest", "run", expires=time.time() - 1)
    stored.at_once(keys.add(key))
    remedy = "Send `Authorization: Bearer KEY` with a key of this server."

    async def reasons() -> list[tuple[str, str]]:
        ring = Keyring(stored)
        found = []
        for secret in ("", "bg_wrong", expired):
            with pytest.raises(KeyRefused) as failed:
                await ring.access(secret)
            found.append((str(failed.value), failed.value.remedy))
        return found

    assert asyncio.run(reasons()) == [
        ("no key", remedy),
        ("unknown key", remedy),
        ("expired key of guest", "This access key has expired. Ask for a new one."),
    ]


def test_a_key_works_until_it_expires():
    guest = AccessKey("0", "guest", "run", (), created=1.0, expires=100.0)
    assert [guest.is_valid(moment) for moment in (99.9, 100.0, 100.1)] == [True, False, False]
    assert VALID.is_valid(1e12)


# the data folder


@pytest.mark.slow
def test_a_data_folder_has_one_server(tmp_path):
    with process(tmp_path / "data") as server:
        done = bordergate("serve", "--port", "0", "--data", "data", cwd=tmp_path)
        assert f"in use by another server, process {server.process.pid}" in refused(done)[0]
    (tmp_path / "data" / "format").write_text("99\n", encoding="ascii")
    assert "newer version" in refused(bordergate("serve", "--data", "data", cwd=tmp_path))[0]


def test_a_data_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("x", encoding="ascii")
    assert "cannot be used" in refused(bordergate("serve", "--data", "file/data", cwd=tmp_path))[0]

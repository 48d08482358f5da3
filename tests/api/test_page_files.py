"""The page as the server sends it: addresses, headers, sizes, catalogues of words, keys."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import brotli
import pytest
from fontTools.ttLib import TTFont

from api.http.guard import COOKIE, PAGE
from api.http.routes.page import VIEWS, built
from experiments.studies.select import Verdict
from scripts.build_page import HAN_FROM, chinese_letters
from tests.api.servers import access_key, problem, threaded

WEB = Path(__file__).resolve().parents[2] / "api" / "web"
LANGUAGES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (WEB / "src" / "lang").glob("*.json")}
FIRST_LOAD_KB = 120
FROM_THE_SERVICE = ("state.", "verdict.", "number.", "setting.", "direction.")
"""Words whose last part the service sends."""


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_the_same_document_under_a_strict_policy(client, view):
    address = view.format(run_id="run_0123456789abcdef", study_id="study_0123456789abcdef", name="friendship-pass")
    assert PAGE.fullmatch(address), "the guard must let everybody load it"
    answer = client.get(address)
    assert answer.content == (built() / "index.html").read_bytes()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-cache"
    assert client.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_files_are_kept_for_ever_and_an_unknown_one_is_never_the_page(client):
    names = re.findall(r'"/assets/([^"]+)"', (built() / "index.html").read_text(encoding="utf-8"))
    assert names
    for name in names:
        answer = client.get(f"/assets/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    problem(client.get("/assets/gone-0123.js", headers={"Accept": "text/html"}), 404, "not-found")
    problem(client.get("/assets/..%2Findex.html"), 404, "not-found")
    problem(client.get("/nowhere", headers={"Accept": "text/html"}), 404, "not-found")
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"


def test_the_first_load_is_small():
    """Chinese fonts are fetched only for Chinese letters."""
    page = built() / "index.html"
    names = re.findall(r'"/(assets/[^"]+)"', page.read_text(encoding="utf-8"))
    texts = [page, *(built() / name for name in names)]
    fonts = [path for path in (built() / "assets").glob("*.woff2") if "-sc" not in path.name]
    size = sum(len(brotli.compress(path.read_bytes(), quality=4)) for path in texts)
    size += sum(path.stat().st_size for path in fonts)
    assert size <= FIRST_LOAD_KB * 1000, f"{size / 1000:.0f} kB"


def test_nothing_is_loaded_from_elsewhere():
    for path in (built() / "assets").glob("*.js"):
        found = set(re.findall(r"https?://[^\s\"'`)]+", path.read_text(encoding="utf-8")))
        assert all(one.startswith(("http://www.w3.org/", "https://svelte.dev/e/")) for one in found), path.name


def test_the_lock_file_holds_no_address():
    assert "http" not in (WEB / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["vi", "zh"])
def test_catalogues_say_the_same_things(language):
    english, other = LANGUAGES["en"], LANGUAGES[language]
    assert list(other) == list(english)
    for key, text in english.items():
        assert other[key].strip(), key
        assert set(re.findall(r"\{\w+\}", other[key])) == set(re.findall(r"\{\w+\}", text)), key


def test_the_chinese_fonts_have_every_letter_of_the_page():
    """`python -m scripts.build_page --fonts` cuts them anew. Letters that the library gains come from the system."""
    style = (WEB / "src" / "fonts" / "chinese.css").read_text(encoding="utf-8")
    named = [{int(code, 16) for code in re.findall(r"U\+([0-9A-F]+)", face)} for face in style.splitlines()]
    shown = {ord(letter) for word in LANGUAGES["zh"].values() for letter in word}
    assert {letter for letter in shown if letter >= HAN_FROM} <= set().union(*named)
    for name, codes in zip(chinese_letters(), named, strict=True):
        with TTFont(WEB / "src" / "fonts" / name) as font:
            assert codes <= set(font.getBestCmap())


def test_every_word_is_used():
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (WEB / "src").rglob("*.*") if path.suffix != ".woff2"
    )
    used = set(re.findall(r"\bt\('([\w.-]+)'", sources))
    unused = {key for key in LANGUAGES["en"] if key not in used and not key.startswith(FROM_THE_SERVICE)}
    assert not unused
    assert used <= set(LANGUAGES["en"])


def test_every_verdict_has_its_words():
    said = {f"verdict.{words.replace(' ', '-')}" for words in get_args(Verdict)}
    assert said == {key for key in LANGUAGES["en"] if key.startswith("verdict.")}


def test_a_page_signs_in_with_a_key_and_out_again(tmp_path):
    header = access_key(tmp_path / "data", "reader", "read")
    with threaded(tmp_path / "data", keys=True) as client:
        assert client.get("/").status_code == 200
        problem(client.get("/api/v1/runs"), 401, "no-key")
        problem(client.post("/api/v1/session"), 401, "no-key")
        problem(client.post("/api/v1/session", headers={"Authorization": "Bearer wrong"}), 401, "no-key")
        signed = client.post("/api/v1/session", headers=header)
        assert signed.status_code == 204
        cookie = signed.headers["set-cookie"]
        assert cookie.startswith(f"{COOKIE}=")
        assert all(word in cookie for word in ("HttpOnly", "SameSite=strict"))
        assert client.get("/api/v1/runs").status_code == 200
        other_site = {"Sec-Fetch-Site": "cross-site"}
        problem(client.delete("/api/v1/session", headers=other_site), 403, "cross-site")
        assert client.delete("/api/v1/session").status_code == 204
        problem(client.get("/api/v1/runs"), 401, "no-key")

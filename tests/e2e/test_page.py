"""The page in a real browser, on a real server that simulates: each flow from the first click to the last number.

Every test fails on any message of the console, any request to another host and any report of the content security
policy. Views are searched by axe for what keeps people with a screen reader, a keyboard or weak eyes out.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.api.servers import LONG, SHORT, Process, access_key, finished, process, submitted, threaded
from tests.e2e.browser import BROWSER, FLAGS, IN_A_BROWSER

SCRIPT_MS = 4.0
"""What 95 % of the frames of the replay may take of the page's script: a quarter of a frame at 60 a second."""
DAY_BYTES, WEEK_BYTES = 60_000, 350_000
"""What the replay of a day and of a week may take on the wire."""
PATIENCE_MS = 120_000
PICTURE_COLOURS = 128
PAPER = 794
"""Width of A4 [px]."""
SLOW_LINE = {"offline": False, "latency": 150, "downloadThroughput": 125_000, "uploadThroughput": 125_000}
"""1 Mbit/s, in bytes a second, with 150 ms."""
RUN = {"gate": "friendship-pass", "days": 2, "warmup_days": 1, "replications": 3}
REFUSED = r"status of 4\d\d"
"""A refusal that the page shows is also an error in the console."""
GONE = r"net::ERR_|status of 50[234]"
"""So is each try to reach a server that is gone."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIEWS = (
    *("/", "/new?gate=friendship-pass&up=kiosk-lanes", "/runs", "/runs/RUN", "/runs/RUN/replay"),
    *("/compare?runs=RUN,OTHER", "/studies", "/studies/new", "/gates/friendship-pass"),
)
pytestmark = IN_A_BROWSER

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Process]:
    with process(tmp_path_factory.mktemp("page") / "data") as found:
        finished(found.client, submitted(found.client, SHORT)["id"])  # kernels are compiled now
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture
def opened(server, browser) -> Iterator[Open]:
    """Open an address of the page; afterwards nothing may have gone wrong unseen."""
    wrong: list[str] = []
    contexts = []

    def heard(message: Any, expected: str) -> None:
        if not (message.type == "error" and re.search(expected, message.text)):
            wrong.append(f"{message.type}: {message.text}")

    def open_page(
        path: str, width: int = 1280, base: str = server.url, expected: str = REFUSED, **options: Any
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 844}, **{"locale": "en-GB", **options})
        contexts.append(context)
        page: Page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: heard(message, expected))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(base) else wrong.append(request.url))
        page.goto(base + path)
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture(scope="module")
def run(server) -> str:
    """A run that is done."""
    found = finished(server.client, submitted(server.client, RUN)["id"])
    assert found["status"] == "succeeded", found
    return str(found["id"])


@pytest.fixture(scope="module")
def other(server) -> str:
    """The same with an upgrade."""
    found = finished(server.client, submitted(server.client, {**RUN, "upgrades": ["more-bays"]})["id"])
    return str(found["id"])


@pytest.fixture(scope="module")
def crowded(server) -> str:
    """A run with more than two thousand trucks inside."""
    asked = {"gate": "friendship-pass", "days": 2, "warmup_days": 10, "demand": 1.6, "replications": 1}
    return str(finished(server.client, submitted(server.client, asked)["id"])["id"])


def barriers(page: Page) -> list[Any]:
    """Return what axe finds in the view that is shown."""
    page.evaluate((resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: list[Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: rules}).then(found =>"
        " found.violations.map(one => [one.id, one.help, one.nodes.map(node => node.html.slice(0, 200))]))",
        RULES,
    )
    return found


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def address(path: str, run: str, other: str) -> str:
    """Return the address of a view of these runs."""
    return path.replace("RUN", run).replace("OTHER", other)


def settled(page: Page) -> None:
    """Wait until a view has what it asks for."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(100)


def until(page: Page, condition: str, every_ms: int = 250) -> None:
    """Wait until JavaScript is true; Playwright's own way needs `eval`, which the page's policy forbids."""
    for _ in range(PATIENCE_MS // every_ms):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(every_ms)
    raise AssertionError(f"never true: {condition}")


def test_set_up_with_an_upgrade_run_watch_and_read(opened, server):
    page = opened("/")
    page.get_by_role("link", name="Set up a run").first.click()
    page.get_by_label("More kiosk lanes").check()
    expect(page.get_by_text("USD 1 million to build (USD 200,000 to USD 4.8 million)")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="stages.kiosk-in-cn.lanes.loaded.lanes")
    expect(row.get_by_role("cell", name="4", exact=True)).to_be_visible()
    expect(row.get_by_role("cell", name="6", exact=True)).to_be_visible()
    for label, text in (("Days measured", "2"), ("Days of warm-up", "1"), ("Replications", "3"), ("Demand", "1,1")):
        page.get_by_label(label).fill(text)
    expect(page.get_by_text("MB")).to_be_visible()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/run_[0-9a-f]{16}$"))
    expect(page.get_by_role("heading", name="Main numbers")).to_be_visible()
    run = page.url.rsplit("/", 1)[1]
    asked = server.client.get(f"/api/v1/runs/{run}").json()["request"]
    assert (asked["demand"], asked["upgrades"]) == (1.1, ["kiosk-lanes"])
    answer = server.client.get(f"/api/v1/runs/{run}/answer").json()
    expect(page.get_by_text(answer["headlines"][0]["sentence"])).to_be_visible()
    for cell in answer["numbers"]["rows"][0][1:]:
        expect(page.get_by_role("cell", name=cell).first).to_be_visible()
    picture = page.locator("figure img").first
    picture.scroll_into_view_if_needed()
    until(page, "document.querySelector('figure img').naturalWidth > 0")
    again = page.get_by_role("link", name="Again, changed").get_attribute("href")
    assert again == "/new?gate=friendship-pass&up=kiosk-lanes&days=2&demand=1.1&warmup=1&replications=3"


def test_a_mistake_is_told_at_its_field_and_goes_with_it(opened):
    page = opened("/new?gate=friendship-pass")
    run = page.get_by_role("button", name="Run", exact=True)
    expect(run).to_be_enabled()
    days = page.get_by_label("Days measured")
    days.fill("0")
    expect(page.locator("#days-finding")).to_have_text("too small. Use at least 1.")
    expect(days).to_have_attribute("aria-invalid", "true")
    expect(run).to_be_disabled()
    days.fill("2")
    expect(page.locator("#days-finding")).to_have_count(0)
    expect(run).to_be_enabled()


def test_a_form_at_rest_asks_for_nothing(opened):
    asked: list[str] = []
    page = opened("/new?gate=friendship-pass")
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2000)
    assert asked == []


def test_the_form_is_in_the_address_and_survives_a_reload(opened):
    page = opened("/new?gate=friendship-pass")
    page.get_by_label("More inspection bays").check()
    page.get_by_label("Seed").fill("7")
    expect(page).to_have_url(re.compile(r"up=more-bays.*seed=7"))
    page.reload()
    expect(page.get_by_label("More inspection bays")).to_be_checked()
    expect(page.get_by_label("Seed")).to_have_value("7")


def test_upgrades_bring_what_they_need_and_shut_out_what_they_exclude(opened):
    page = opened("/new?gate=friendship-pass")
    page.get_by_label("Drive-through scanners").check()
    expect(page.get_by_role("checkbox", name=re.compile("^Remote image room"))).to_be_checked()
    page.get_by_label("Smart lane with unmanned vehicles").check()
    expect(page.get_by_label("Kiosk lanes that turn by the queue")).to_be_disabled()


def test_levers_of_stages_and_sides_and_a_gate_from_a_file(opened, tmp_path):
    page = opened("/new?gate=friendship-pass")
    page.get_by_label("China closes at").fill("17:00")
    page.get_by_label("Reading of the gate").select_option("hold-by-goods")
    row = page.get_by_role("row").filter(has_text="stages.kiosk-in-cn.hours")
    expect(row).to_contain_text("08:00-17:00")
    expect(row).to_contain_text("set by hand")
    page.locator("#stage-bay-cn").click()
    lanes = page.get_by_role("group", name="Change Inspection bays (China)").get_by_label("Lanes")
    lanes.fill("-1")
    lanes.press("Tab")
    expect(page.locator("ul.finding")).to_contain_text("set.stages.bay-cn.lanes")
    lanes.fill("17")
    lanes.press("Tab")
    expect(page.get_by_role("row").filter(has_text="stages.bay-cn.lanes")).to_contain_text("17")
    page.reload()
    expect(page.get_by_label("Reading of the gate")).to_have_value("hold-by-goods")
    expect(page.get_by_role("row").filter(has_text="stages.bay-cn.lanes")).to_contain_text("17")
    text = (resources.files("gates") / "library" / "gates" / "minimal.yaml").read_text(encoding="utf-8")
    for name, written in (("wrong.yaml", text.replace("lanes: 2", "lane: 2")), ("right.yaml", text)):
        (tmp_path / name).write_text(written, encoding="utf-8")
        page.set_input_files("input[type=file]", tmp_path / name)
        if name == "wrong.yaml":
            expect(page.get_by_role("alert")).to_contain_text("Did you mean lanes?")
    expect(page).to_have_url(re.compile("gate=file:minimal"))
    expect(page.get_by_role("button", name="Booth")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def test_watch_reload_in_the_middle_and_cancel(opened, server):
    run = submitted(server.client, {**LONG, "reuse": False})["id"]
    page = opened(f"/runs/{run}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    until(page, "document.querySelector('progress')?.value > 0")
    page.reload()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert re.match(r"\d+ % · ", page.title())
    first = page.get_by_role("heading", name=re.compile(r"^First results, after \d+ of 400$"))
    expect(first).to_be_visible()
    expect(page.get_by_role("cell", name="Released [trucks/day]")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Clearance, mean [h]")).to_contain_text("±")
    assert page.locator("svg path.line").count() == 2
    assert barriers(page) == []
    earlier = first.inner_text()
    until(page, f"document.querySelector('main h2')?.textContent !== {earlier!r}")
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_text("This run was cancelled. It has no result.")).to_be_visible()
    assert server.client.get(f"/api/v1/runs/{run}").json()["status"] == "cancelled"


def test_a_server_that_goes_away_and_comes_back(opened, tmp_path):
    """What is shown stays, a notice says why nothing moves, and the page goes on by itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    first = Process(tmp_path / "data", "--port", port)
    run = submitted(first.client, {**LONG, "reuse": False})["id"]
    page = opened(f"/runs/{run}", base=first.url, expected=GONE)
    expect(page.get_by_role("progressbar")).to_be_visible()
    first.kill()
    notice = page.get_by_text("The server does not answer. What you see stays.")
    expect(notice).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert barriers(page) == []
    page.get_by_role("link", name="Runs", exact=True).click()
    expect(page.get_by_role("heading", name="Runs", level=1)).to_be_visible()
    page.go_back()
    with process(tmp_path / "data", "--port", port) as second:
        expect(notice).to_have_count(0)
        until(page, "document.querySelector('progress')?.value > 0")
        page.get_by_role("button", name="Cancel the run").click()
        expect(page.get_by_text("This run was cancelled. It has no result.")).to_be_visible()
        assert second.client.get(f"/api/v1/runs/{run}").json()["status"] == "cancelled"


def test_a_run_is_named_and_found_again(opened, server):
    ids = [submitted(server.client, {**SHORT, "seed": seed})["id"] for seed in (41, 42)]
    page = opened("/runs?gate=minimal")
    row = page.get_by_role("row").filter(has=page.locator(f"a[href='/runs/{ids[0]}']"))
    row.get_by_role("button", name="Name and tags").click()
    assert barriers(page) == []
    form = page.get_by_role("dialog")
    form.get_by_label("Name", exact=True).fill("Làn thứ hai")
    form.get_by_label("Tags, with commas between them").fill("2026, !")
    form.get_by_label("Note").fill("Before the meeting")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("is not a tag")
    form.get_by_label("Tags, with commas between them").fill("2026, lanes")
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    written = server.client.get(f"/api/v1/runs/{ids[0]}").json()["label"]
    assert written == {"name": "Làn thứ hai", "tags": ["2026", "lanes"], "note": "Before the meeting"}
    page.get_by_label("Name contains").fill("thứ")
    expect(page.get_by_text("1 found")).to_be_visible()
    expect(page).to_have_url(re.compile("name=th"))
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("Before the meeting")).to_be_visible()
    page.get_by_label("Tag", exact=True).fill("none")
    expect(page.get_by_text("No run matches these filters.")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    page.locator("a.tag", has_text="lanes").click()
    expect(page).to_have_url(re.compile(r"/runs\?tag=lanes$"))
    page.get_by_role("link", name="Làn thứ hai").click()
    expect(page.get_by_role("heading", name="Làn thứ hai", level=1)).to_be_visible()
    page.get_by_role("button", name="Name and tags").click()
    page.get_by_label("Name", exact=True).fill("")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Làn thứ hai")).to_have_count(0)
    assert server.client.get(f"/api/v1/runs/{ids[0]}").json()["label"]["name"] is None


def test_a_run_that_is_not_there(opened):
    page = opened("/runs/run_0000000000000000")
    expect(page.get_by_text("This run does not exist, or it was deleted.")).to_be_visible()


def test_the_map_by_keyboard_alone(opened):
    page = opened("/new?gate=friendship-pass")
    stage = page.get_by_role("button", name="E-declaration (Vietnam)").first
    stage.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel = page.get_by_text("Open (China time)")
    expect(panel.first).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)


def test_runs_are_chosen_and_compared(opened, run, other, server):
    page = opened("/runs")
    for named in ("as today", "More inspection bays"):
        page.get_by_role("checkbox", name=re.compile(f"friendship-pass, {named}")).first.check()
    page.get_by_role("link", name="Compare these 2").click()
    expect(page).to_have_url(re.compile(rf"/compare\?runs={run},{other}$"))
    found = server.client.get(f"/api/v1/compare?runs={run},{other}").json()
    for number in found["numbers"]:
        expect(page.get_by_role("cell").filter(has_text=number["differences"][0]["text"]).first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="stages.bay-cn.lanes")).to_contain_text("13")
    expect(page.get_by_role("cell", name="USD 400,000")).to_be_visible()
    page.get_by_label("What decides").select_option("clearance_h.mean.southbound")
    expect(page).to_have_url(re.compile("show=clearance_h.mean.southbound"))
    page.get_by_role("button", name="Make it the base").click()
    expect(page).to_have_url(re.compile(rf"/compare\?runs={other},{run}&show="))
    page.get_by_role("button", name="Remove B").click()
    expect(page.get_by_text("Choose at least two runs that are done.")).to_be_visible()


def test_a_study_is_built_watched_and_read(opened, server):
    page = opened("/studies")
    page.get_by_role("link", name="Build a study").click()
    run = page.get_by_role("button", name="Run the study")
    expect(run).to_be_disabled()
    page.get_by_label("More inspection bays").check()
    page.get_by_label("Every combination").check()
    page.get_by_label("Readings of the gate").select_option("baseline")
    texts = {"Days measured": "0", "Days of warm-up": "0", "Replications": "3", "Demand levels": "1 1,2"}
    for label, text in texts.items():
        page.get_by_label(label).fill(text)
    expect(page.get_by_text("4 scenarios, each 3 times")).to_be_visible()
    run.click()
    expect(page.get_by_role("alert")).to_contain_text("days 0: too small")
    page.get_by_label("Days measured").fill("1")
    run.click()
    expect(page).to_have_url(re.compile(r"/studies/study_[0-9a-f]{16}$"))
    study = page.url.rsplit("/", 1)[1]
    expect(page.get_by_role("heading", name="Which upgrades help Friendship Pass most?")).to_be_visible()
    expect(page.get_by_role("heading", name="Plots")).to_be_visible()
    asked = server.client.get(f"/api/v1/studies/{study}").json()["request"]
    assert (asked["design"], asked["factors"]["demand"]["values"], asked["readings"]) == (
        "grid",
        [1, 1.2],
        ["baseline"],
    )
    answer = server.client.get(f"/api/v1/studies/{study}/answer").json()
    expect(page.get_by_text(answer["advice"][0])).to_be_visible()
    first = answer["tables"][0]
    expect(page.get_by_role("heading", name=first["title"])).to_be_visible()
    expect(page.get_by_role("cell", name=first["rows"][0][2], exact=True).first).to_be_visible()
    again = page.get_by_role("link", name="Again, changed").get_attribute("href")
    assert again is not None
    assert again.startswith("/studies/new?gate=friendship-pass&up=more-bays&design=grid&readings=baseline")
    expect(page.get_by_role("link", name="differences (CSV)")).to_have_attribute("href", re.compile(study))


def test_replay_of_a_day(opened, run, server):
    page = opened(f"/runs/{run}/replay")
    page.locator("canvas").wait_for()
    table = page.get_by_role("table")
    page.get_by_role("slider").fill("12")
    expect(page.get_by_text("12:00 Vietnam · 13:00 China")).to_be_visible()
    visits = server.client.get(f"/api/v1/runs/{run}/replay", params={"from": 36, "to": 36}).json()
    bays = visits["words"]["stage"].index("bay-cn")
    columns, noon = visits["columns"], 36 * 3_600_000
    inside = [
        started if started is not None else left
        for stage, joined, started, left in zip(
            columns["stage"], columns["joined"], columns["started"], columns["left"], strict=True
        )
        if stage == bays and joined <= noon and (left is None or left > noon)
    ]
    served = sum(one is not None and one <= noon for one in inside)
    row = table.get_by_role("row").filter(has_text="Inspection bays (China)").get_by_role("cell")
    expect(row.nth(1)).to_have_text(str(len(inside) - served))
    expect(row.nth(2)).to_have_text(str(served))
    page.locator("[role=application]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("12:15 Vietnam · 13:15 China")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_text("12:15 Vietnam · 13:15 China")).to_have_count(0)


def test_replay_of_two_runs_on_one_clock_and_the_journey_of_a_truck(opened, run, other, server):
    page = opened(f"/runs/{run}/replay")
    page.get_by_label("Beside").select_option(other)
    expect(page).to_have_url(re.compile(f"beside={other}"))
    expect(page.locator("canvas")).to_have_count(2)
    page.get_by_role("slider").fill("12")
    expect(page.get_by_text(re.compile(r"^\d+ \| \d+ trucks inside$"))).to_be_visible()
    visits = server.client.get(f"/api/v1/runs/{run}/replay", params={"from": 24, "to": 48}).json()
    columns = visits["columns"]
    truck = columns["truck"][len(columns["truck"]) // 2]
    stages = [stage for one, stage in zip(columns["truck"], columns["stage"], strict=True) if one == truck]
    page.get_by_label("Truck", exact=True).fill(str(truck))
    journey = page.get_by_role("region", name="Its journey on this day").get_by_role("row")
    expect(journey).to_have_count(1 + len(stages))
    page.get_by_label("Truck", exact=True).fill("99999999")
    expect(page.get_by_text("There is no truck of this number here on this day.")).to_be_visible()


@pytest.mark.timed
def test_replay_keeps_up_with_two_thousand_trucks(opened, crowded):
    """Numbers of frames depend on the machine; the time that the page's own script takes is what it promises.

    Other work on the machine makes frames late, too: one half second of twenty that it does not disturb is enough.
    """
    page = opened(f"/runs/{crowded}/replay")
    page.locator("canvas").wait_for()
    inside = page.get_by_text("trucks inside")
    expect(inside).to_be_visible()
    assert int(inside.inner_text().split()[0].replace(",", "")) >= 2000
    page.evaluate("window.scriptMs = []")
    page.get_by_role("button", name="Play").click()
    late: list[float] = []
    while len(late) < 20 and (not late or late[-1] > SCRIPT_MS):
        page.wait_for_timeout(500)
        times = sorted(page.evaluate("window.scriptMs.splice(0)"))
        late.append(times[int(0.95 * len(times))] if len(times) >= 10 else SCRIPT_MS + 1)
    assert late[-1] <= SCRIPT_MS, f"95 % of the frames of each half second within {late} ms"


def test_a_day_and_a_week_of_replay_are_small_on_the_wire(server, crowded):
    """A day with more than two thousand trucks inside, and a week of today."""
    week = finished(server.client, submitted(server.client, {**RUN, "days": 7, "replications": 1})["id"])["id"]
    for run, hours, most in ((crowded, (240, 264), DAY_BYTES), (week, (24, 192), WEEK_BYTES)):
        asked = {"from": hours[0], "to": hours[1], "form": "packed"}
        address = f"/api/v1/runs/{run}/replay"
        answer = server.client.get(address, params=asked, headers={"Accept-Encoding": "br"})
        assert answer.headers["content-encoding"] == "br"
        assert answer.num_bytes_downloaded <= most


def test_every_view_prints_in_light_colours_without_menus(opened, server, run, other):
    page = opened("/", width=PAPER, color_scheme="dark")
    page.emulate_media(media="print")
    for path in VIEWS:
        page.goto(server.url + address(path, run, other))
        expect(page.locator("main h1")).to_be_visible()
        settled(page)
        assert page.locator("html").get_attribute("data-theme") == "light"
        assert page.locator("header, footer, button").filter(visible=True).count() == 0, path
        assert overflow(page) <= 0, path
    page.goto(f"{server.url}/runs/{run}")
    picture = page.locator("figure img").last
    expect(picture).to_have_attribute("src", re.compile("svg$"))
    pages = page.pdf(format="A4").count(b"/Type /Page\n")
    # eleven plots, of which one or two stand on a page, after one with the answer
    assert 6 <= pages <= 13


@pytest.mark.timed
def test_on_a_slow_line_the_page_is_usable_after_a_second(opened, server, run):
    """With 1 Mbit/s and 150 ms; other work on the machine makes it late, too: one undisturbed try of five is enough."""

    for path, there, most in (
        ("/new?gate=friendship-pass", "document.querySelector('#days')?.value === '30'", 1.0),
        (f"/runs/{run}", "document.querySelector('figure img')?.naturalWidth > 0", 2.5),
    ):
        taken: list[float] = []
        while len(taken) < 5 and (not taken or taken[-1] > most):
            page = opened("/assets/none.js")  # nothing of the page is at hand
            page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW_LINE)
            began = time.monotonic()
            page.goto(server.url + path, wait_until="commit")
            until(page, there, 20)
            taken.append(time.monotonic() - began)
            page.context.close()
        assert taken[-1] <= most, f"{path}: {taken} s"


@pytest.mark.parametrize("language", ["en-GB", "vi-VN", "zh-CN"])
def test_a_phone_shows_every_view_without_scrolling_sideways(opened, server, run, other, language):
    page = opened("/", width=390, locale=language, color_scheme="dark")
    for path in VIEWS:
        page.goto(server.url + address(path, run, other))
        expect(page.locator("main h1")).to_be_visible()
        settled(page)
        assert overflow(page) <= 0, path
        assert page.locator("html").get_attribute("data-theme") == "dark"
        assert (
            page.locator("html").get_attribute("lang") == {"en-GB": "en", "vi-VN": "vi", "zh-CN": "zh-Hans"}[language]
        )
        if language == "en-GB":
            assert barriers(page) == [], path


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_view_keeps_anybody_out(opened, server, run, other, colours):
    page = opened("/", color_scheme=colours)
    for path in VIEWS:
        page.goto(server.url + address(path, run, other))
        expect(page.locator("main h1")).to_be_visible()
        settled(page)
        assert page.locator("html").get_attribute("data-theme") == colours
        assert barriers(page) == [], path


def test_a_run_is_set_up_watched_and_read_by_keyboard_alone(opened):
    """From an empty page to the numbers: Tab goes to what is named, Enter and Space use it, focus follows the view."""
    page = opened("/")
    expect(page.get_by_role("link", name="Set up a run").first).to_be_visible()

    def tab_to(name: str) -> None:
        for _ in range(120):
            page.keyboard.press("Tab")
            said = page.evaluate(FOCUSED)
            if name in said:
                assert page.evaluate("document.activeElement.matches(':focus-visible')"), name
                return
        raise AssertionError(f"Tab never comes to {name}")

    tab_to("Skip to the content")
    page.keyboard.press("Enter")
    tab_to("Set up a run")
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_be_focused()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    tab_to("More kiosk lanes")
    page.keyboard.press("Space")
    for name, text in (("Days measured", "2"), ("Days of warm-up", "1"), ("Replications", "3"), ("Seed", "5")):
        tab_to(name)
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
    expect(page.get_by_text("What changes in the gate")).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    tab_to("Run")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/runs/run_"))
    expect(page.locator("main h1")).to_be_focused()
    expect(page.get_by_role("heading", name="Main numbers")).to_be_visible()
    tab_to("Replay")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Replay", level=1)).to_be_focused()


def test_a_server_with_keys_asks_for_one(opened, tmp_path):
    header = access_key(tmp_path / "data", "planner", "run")
    with threaded(tmp_path / "data", keys=True) as client:
        page = opened("/runs", base=str(client.base_url).rstrip("/"))
        key = page.get_by_label("Access key")
        key.fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(".finding")).to_be_visible()
        assert barriers(page) == []
        key.fill(header["Authorization"].removeprefix("Bearer "))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("No runs yet.")).to_be_visible()
        page.reload()
        expect(page.get_by_text("No runs yet.")).to_be_visible()
        assert page.evaluate("document.cookie + JSON.stringify(localStorage)").count("Bearer") == 0
        assert page.evaluate("document.cookie") == ""


FOCUSED = """(() => {
    const one = document.activeElement;
    const named = one.labels?.[0]?.textContent ?? one.getAttribute('aria-label') ?? one.textContent;
    return named.trim();
})()"""
"""What the element is called that has the focus."""


class Planner:
    """Somebody at the page with a question: clicks are counted, and each step may be kept as a picture."""

    def __init__(self, page: Page, task: str) -> None:
        self.page, self.task, self.clicks, self.steps = page, task, 0, 0

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def choose(self, label: str, value: str) -> None:
        self.page.get_by_label(label).select_option(value)
        self.clicks += 2  # the list, and its entry

    def write(self, label: str, text: str) -> None:
        field = self.page.get_by_label(label)
        field.fill(text)
        field.press("Tab")

    def see(self, what: Locator, top: bool = False) -> None:
        """Wait until something is there, and keep a picture of it."""
        expect(what).to_be_visible()
        self.steps += 1
        kept(self.page, f"{self.task}-{self.steps}", what if top else None)


def kept(page: Page, name: str, top: Locator | None = None) -> None:
    """Write a picture of a view to the folder that BORDERGATE_PICTURES names, if it does; in few colours, so that it is
    small. `top` is what stands at its top, in the place of the begin of the page.
    """
    folder = os.environ.get("BORDERGATE_PICTURES")
    if not folder:
        return
    settled(page)
    page.evaluate("scrollTo(0, 0)")
    if top is not None:
        top.evaluate("one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 16)")
    for picture in page.locator("img").all():  # those that are seen come when they are scrolled to
        if picture.evaluate("one => one.getBoundingClientRect().top < innerHeight"):
            picture.evaluate("one => one.src ? one.decode() : null")
    drawn = Image.open(BytesIO(page.screenshot())).convert("RGB")
    drawn.quantize(PICTURE_COLOURS, dither=Image.Dither.NONE).save(Path(folder) / f"page-{name}.png", optimize=True)


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("worth", "no difference that matters"),  # Is 5G worth it at Friendship Pass?
        ("closing", "worse"),  # What happens if the Chinese side closes at 17:00?
    ],
)
def test_a_planner_answers_a_question_in_a_few_clicks(opened, server, run, task, answer):
    planner = Planner(opened("/"), task)
    page = planner.page
    planner.click(page.get_by_role("link", name="Set up a run").first)
    if task == "worth":
        planner.click(page.get_by_label("5G at the gate"))
    else:
        planner.write("China closes at", "17:00")
    for label, text in (("Days measured", "2"), ("Days of warm-up", "1"), ("Replications", "3")):
        planner.write(label, text)
    planner.see(page.get_by_role("heading", name="What changes in the gate"))
    planner.see(page.get_by_role("heading", name="Levers"), top=True)
    button = page.get_by_role("button", name="Run", exact=True)
    expect(button).to_be_enabled()
    planner.click(button)
    planner.see(page.get_by_role("heading", name="Main numbers"))
    planner.click(page.get_by_role("link", name="Compare", exact=True).last)
    planner.choose("Add a run", run)
    planner.click(page.get_by_role("button", name="Make it the base"))
    first = page.get_by_role("region", name="Main numbers").get_by_role("row").nth(1)
    expect(first).to_contain_text("Clearance time, mean: Vietnam → China")
    expect(first).to_contain_text(answer)
    planner.see(page.get_by_role("heading", name="Cost beside benefit"))
    planner.see(page.get_by_role("heading", name="Cost beside benefit"), top=True)
    assert planner.clicks <= 12
    cost = "USD 1 million" if task == "worth" else "Cost not known"
    expect(page.get_by_role("cell", name=cost)).to_be_visible()


def test_a_planner_finds_upgrades_for_three_million_dollars(opened):
    """Which upgrades for 3 million dollars?"""
    planner = Planner(opened("/"), "budget")
    page = planner.page
    planner.click(page.get_by_role("link", name="Studies", exact=True).first)
    planner.click(page.get_by_role("link", name="Build a study").first)
    planner.click(page.get_by_label("The best mix within a budget"))
    planner.click(page.get_by_role("button", name=re.compile(r"^Choose all \d+ with known costs$")))
    for label, text in (("Budgets [million USD]", "3"), ("Days measured", "3"), ("Days of warm-up", "1")):
        planner.write(label, text)
    planner.write("Replications", "8")
    planner.see(page.get_by_role("heading", name="How they are combined"))
    planner.click(page.get_by_role("button", name="Run the study"))
    stages = page.get_by_text(re.compile(r"^Stage [1-3] of 4: \d+ of \d+ replications$"))
    planner.see(stages)  # nobody knows the time left before the last stage
    expect(page.get_by_text("so the time left is not known yet")).to_be_visible()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile(r"^Which upgrades for 3 million US dollars at Friendship Pass"))
    planner.see(page.get_by_text(re.compile(r"^With USD\s3\smillion: .+ Net present value USD")))
    planner.see(page.get_by_role("heading", name="The best mix within each budget"), top=True)
    assert planner.clicks <= 12


@pytest.mark.parametrize("language", ["vi", "zh"])
def test_plots_and_maps_are_in_the_language_of_the_page(opened, server, run, language):
    page = opened(f"/runs/{run}?lang={language}", color_scheme="dark")
    picture = page.locator("figure img").first
    expect(picture).to_have_attribute("src", re.compile(rf"svg\?theme=dark&lang={language}$"))
    until(page, "document.querySelector('figure img').naturalWidth > 0")
    said = server.client.get(str(picture.get_attribute("src"))).text
    assert {"vi": "Đang được xử lý", "zh": "办理中"}[language] in said
    assert "Being processed" not in said
    kept(page, f"result-{language}", page.locator("figure").first)
    page.goto(f"{server.url}/new?gate=friendship-pass&up=kiosk-lanes&lang={language}")
    stage = {"vi": "Hải quan luồng xanh", "zh": "越南海关绿色通道"}[language]
    expect(page.get_by_role("button", name=stage)).to_be_visible()
    kept(page, f"set-up-{language}")


def test_the_language_can_be_changed_and_is_kept(opened):
    page = opened("/runs")
    page.get_by_label("Language").select_option("vi")
    expect(page.get_by_role("heading", name="Các lượt chạy")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Các lượt chạy")).to_be_visible()

"""`bordergate new`: a gate file to begin with."""

from __future__ import annotations

from typer.testing import CliRunner

from api.cli.app import app
from gates import every_number, load_gate
from gates.files.template import zones_of

ANSWERS = (
    "Khorgos crossing",  # title
    "cn",  # the usual second side: the sides change places
    "Asia/Urumqi",
    "KZ",  # not two small letters: asked again
    "kz",
    "",  # the first time zone of the country
    "to the east",  # not a direction: asked again
    "westbound",
    "many",  # not a number: asked again
    "320",
    "180",
    "09:00-21:00",
    "5",
    "3 min",
    "15 %",
)


def new(*arguments: str, said: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(app, ["new", *arguments], input=said)
    return done.exit_code, " ".join(done.output.split())


def test_without_a_terminal_it_writes_a_gate_that_runs_and_says_what_to_replace(tmp_path):
    target = tmp_path / "river-bridge.yaml"
    code, output = new("river-bridge", "--out", str(target))
    assert (code, "Written:" in output, "in brackets" in output) == (0, True, False)
    text, gate = target.read_text(encoding="utf-8"), load_gate(target)
    assert (gate.name, gate.title["en"], list(gate.paths)) == (
        "river-bridge",
        "River bridge",
        ["northbound", "southbound"],
    )
    assert all(number.is_assumption for number in every_number(gate))
    assert text.count("#") > 20
    assert new("river-bridge", "--out", str(target))[0] == 2
    assert target.read_text(encoding="utf-8") == text


def test_it_asks_and_asks_again_for_what_makes_no_gate(tmp_path):
    target = tmp_path / "khorgos.yaml"
    code, output = new("khorgos", "--ask", "--out", str(target), said="\n".join(ANSWERS) + "\n")
    assert code == 0, output
    gate = load_gate(target)
    assert gate.title["en"] == "Khorgos crossing"
    assert gate.sides == {"cn": "Asia/Urumqi", "kz": zones_of("kz")[0]}
    assert gate.origin == {"westbound": "cn", "eastbound": "kz"}
    assert [flow.per_day for flow in gate.flows.values()] == [320, 180, 0]
    booth = gate.stages["booth-kz"]
    assert (booth.lanes, booth.service.mean(), str(booth.hours)) == (5, 180, "09:00-21:00")
    assert gate.stages["booth-kz"].title["en"] == "Booths (Kazakhstan)"
    for words in (
        "Use two lower-case letters",
        "Write one of northbound",
        "Loaded trucks a day in that direction [150]",
    ):
        assert words in output


def test_names_that_cannot_be_used_are_refused(tmp_path):
    for name, words in (("My gate", "not a name"), ("minimal", "is a gate of the library"), ("a # b", "not a name")):
        code, output = new(name, "--out", str(tmp_path / "x.yaml"))
        assert (code, words in output) == (2, True), output
    assert not (tmp_path / "x.yaml").exists()

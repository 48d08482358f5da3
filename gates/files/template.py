"""A new gate file: a small gate that runs, with a comment at everything that its author should replace."""

from __future__ import annotations

import dataclasses
import zoneinfo
from typing import get_args

from gates.countries import side_title
from gates.files.load import gate_from_text
from gates.findings import ConfigError, Finding
from gates.schema.base import OTHER_WAY, DirectionName

DIRECTIONS: tuple[DirectionName, ...] = get_args(DirectionName)


@dataclasses.dataclass(frozen=True)
class Answers:
    """What somebody says about a new gate; texts as a gate file writes them."""

    name: str
    title: str
    here: str = "vn"
    """Country code of the first side."""
    here_zone: str = "Asia/Ho_Chi_Minh"
    there: str = "cn"
    """Country code of the second side."""
    there_zone: str = "Asia/Shanghai"
    direction: str = "northbound"
    """Direction from the first side to the second."""
    per_day: str = "150"
    """Loaded trucks a day in that direction."""
    per_day_back: str = "150"
    """Loaded trucks a day in the other direction."""
    hours: str = "07:00-19:00"
    """Opening hours, on the clock of each side."""
    lanes: str = "3"
    """Lanes at each side's booths."""
    service: str = "4 min"
    """Mean time of a truck at a booth."""
    inspected: str = "20 %"
    """Share of the trucks whose goods are inspected."""


def zones_of(side: str) -> list[str]:
    """The time zones of a country by its code, in the order of the alphabet; none where the code is unknown."""
    from babel.core import get_global

    known = zoneinfo.available_timezones()
    found = (zone for zone, place in get_global("zone_territories").items() if place == side.upper())
    return sorted(zone for zone in found if zone in known)


def gate_template(answers: Answers) -> str:
    """The text of a new gate file, with comments, from answers.

    Raises
    ------
    ConfigError
        With every finding at once, if the answers do not make a gate.
    """
    text = _text(answers)
    if gate_from_text(text, f"{answers.name}.yaml").name != answers.name:
        raise ConfigError([Finding("name", answers.name, "not a name", "Use small letters, digits and hyphens.")])
    return text


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text(a: Answers) -> str:
    back = OTHER_WAY.get(a.direction, "southbound")
    here, there = side_title(a.here), side_title(a.there)
    assumed = '"assumption: replace it by a count, and say where it comes from"'
    return f"""\
# {a.name}: a new gate. It runs as it is; every number is an assumption until you replace it.
#   bordergate validate {a.name}.yaml    every mistake at once, with what to do
#   bordergate gates {a.name}.yaml       the gate as a sheet, with the source of every number
#   bordergate run {a.name}.yaml         results and a report
# Quantities have units: 35 s, 4 min, 24 h, 20 t, 45 %. Hours are on the clock of the stage's side.
name: {a.name}
title: {{en: {_quoted(a.title)}}} # more languages: {{en: ..., vi: ..., zh: ..., es: ...}}
about: >-
  What this file describes, with the date of its figures, and what it leaves out.

sides: {{{a.here}: {a.here_zone}, {a.there}: {a.there_zone}}} # {here}, {there}
origin: {{{a.direction}: {a.here}, {back}: {a.there}}} # where trucks of each direction come from
start: 2026-01-05 # first day of results, unless a run says otherwise
end_of_day: {{at: 20:00, side: {a.here}}} # when waiting trucks are counted

classes: # kinds of trucks; results are shown for each
  general: {{title: {{en: General cargo}}, load: 20 t}}
  fresh: {{title: {{en: Fresh food}}, load: 18 t, shelf_life: 14 d, priority: 1}} # a lower priority number goes first

profiles: # when trucks come, on the clock of the side that they come from
  daytime: {{hours: {{"06:00-12:00": 50 %, "12:00-20:00": 40 %, "20:00-06:00": 10 %}}, weekdays: {{sun: 0.6}}}}

flows: # loaded trucks a day
  general-{a.direction}: {{class: general, direction: {a.direction}, per_day: {a.per_day}, profile: daytime}}
  general-{back}: {{class: general, direction: {back}, per_day: {a.per_day_back}, profile: daytime}}
  # a flow of no trucks waits for your count:
  fresh-{a.direction}: {{class: fresh, direction: {a.direction}, per_day: 0, profile: daytime}}

stages: # where trucks queue and are served; `lanes` are the trucks served at once
  booth-{a.here}:
    title: {{en: Booths ({here})}}
    side: {a.here}
    lanes: {a.lanes}
    hours: "{a.hours}" # or by weekday: {{mon-fri: 07:00-19:00, sat: 07:00-12:00}}
    service: {{lognormal: {{mean: {a.service}, cv: 0.5}}}} # cv: standard deviation over mean
  booth-{a.there}:
    title: {{en: Booths ({there})}}
    side: {a.there}
    lanes: {a.lanes}
    hours: "{a.hours}"
    service: {{lognormal: {{mean: {a.service}, cv: 0.5}}}}
  inspection-{a.there}:
    title: {{en: Inspection ({there})}}
    side: {a.there}
    lanes: 6
    hours: "{a.hours}"
    service: {{lognormal: {{mean: 45 min, cv: 0.6}}}}
  inspection-{a.here}:
    title: {{en: Inspection ({here})}}
    side: {a.here}
    lanes: 6
    hours: "{a.hours}"
    service: {{lognormal: {{mean: 45 min, cv: 0.6}}}}

paths: # the stages of a truck, in order; `released` is when the last control is passed
  {a.direction}:
    - booth-{a.here}
    - booth-{a.there}
    - {{stage: inspection-{a.there}, share: {a.inspected}}}
    - {{mark: released}}
  {back}:
    - booth-{a.there}
    - booth-{a.here}
    - {{stage: inspection-{a.here}, share: {a.inspected}}}
    - {{mark: released}}

calendar: # closures and peaks; remove what does not hold
  - {{name: Public holidays ({here}), holidays: {a.here.upper()}, arrivals: 20 %}}
  - {{name: Public holidays ({there}), holidays: {a.there.upper()}, arrivals: 20 %}}

# Published figures that the gate should meet; `bordergate calibration {a.name}.yaml` compares them with results.
# targets:
#   flow: {{title: Trucks a day, metric: throughput_per_day.mean.{a.direction}, low: 140, high: 160, kind: fitted,
#          date: 2026-01, source: "own: count of the yard office, January 2026"}}

# Where numbers come from: `assumption: why`, `own: where it is written`, or the id of a fact of the library.
# A stage, flow or class can have `sources` of its own.
sources:
  start: {assumed}
  end_of_day: {assumed}
  classes: {assumed}
  profiles: {assumed}
  flows: {assumed}
  stages: {assumed}
  paths: {assumed}
  calendar: {assumed}
"""

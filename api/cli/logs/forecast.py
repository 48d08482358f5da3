"""`bordergate forecast`: from the trucks that are at a gate now to tonight and tomorrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import console, mistakes_shown
from api.cli.options import OutOption, PngOption, ReadingOption, number


def forecast(
    gate: Annotated[str, typer.Argument(metavar="GATE", help="A gate of the library, or a YAML file.")],
    state: Annotated[
        Path,
        typer.Option(metavar="FILE", help="CSV file of the trucks that are there and announced.", show_default=False),
    ],
    at: Annotated[
        str, typer.Option(metavar="TIME", help="Time of the state: 2026-11-27T10:00+07:00.", show_default=False)
    ],
    reading: ReadingOption = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PLACE=VALUE", help="Staffing of today, as in the gate file: stages.bay-cn.lanes=8."
        ),
    ] = None,
    closed: Annotated[
        list[str] | None,
        typer.Option(metavar="STAGE[=HOURS]", help="Stage that is closed today, but for these hours."),
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(metavar="CHANGE", help="Change whose effect is asked for: PLACE=VALUE, or an upgrade; + joins."),
    ] = None,
    demand: Annotated[float, typer.Option(parser=number, metavar="X", help="Factor on all flows.")] = 1.0,
    replications: Annotated[int, typer.Option(parser=number, metavar="N", help="Independent replications.")] = 200,
    seed: Annotated[int, typer.Option(parser=number, metavar="N", help="Seed of all random numbers.")] = 1,
    png: PngOption = False,
    out: OutOption = None,
) -> None:
    """Forecast the stock and the clearance of a gate from now to the end of tomorrow.

    Example: `bordergate forecast GATE --state now.csv --at 2026-11-27T10:00+07:00 --what-if stages.bay-cn.lanes=15`
    """
    with mistakes_shown():
        from api.cli.tables import print_answers
        from experiments.forecast.answer import answers, basis, tables, title
        from experiments.forecast.forecast import forecast as made_of

        request = {
            "gate": gate,
            "at": at,
            "reading": reading,
            "set": _values(set_ or [], "--set"),
            "closed": dict(_parts(text) for text in closed or []),
            "demand": demand,
            "what_ifs": [_change(text) for text in what_if or []],
            "replications": replications,
            "seed": seed,
        }
        with console.status("Simulating …"):
            made = made_of(request, state, files=True)
        print_answers(console, title(made), basis(made), answers(made), tables(made))
        if out is not None:
            from experiments.forecast.charts import write_forecast

            with console.status("Drawing …"):
                write_forecast(made, out, png=png)
            console.print(f"\nNumbers and plots: {out}", markup=False, soft_wrap=True)


def _parts(text: str) -> tuple[str, str]:
    """`bay-cn=08:00-12:00`, or `bay-cn` alone."""
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def _values(texts: Sequence[str], option: str) -> dict[str, Any]:
    from gates.findings import ConfigError, Finding

    wrong = [text for text in texts if not all(_parts(text))]
    if wrong:
        remedy = "Write PLACE=VALUE, such as stages.bay-cn.lanes=8."
        raise ConfigError([Finding(option, text[:60], "does not set a value", remedy) for text in wrong])
    return {place: number(value) for place, value in map(_parts, texts)}


def _change(text: str) -> dict[str, Any]:
    """Return a change from `stages.bay-cn.lanes=15+igv-smart-lane`: values and upgrades, joined by plus signs."""
    parts = [part.strip() for part in text.split("+")]
    upgrades = [part for part in parts if "=" not in part]
    return {"name": text, "set": _values([p for p in parts if "=" in p], "--what-if"), "upgrades": upgrades}

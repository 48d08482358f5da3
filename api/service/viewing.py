"""One result folder shown without the server that made it: a data folder for a while, with that one result.

The result is read and never written. Plots and reports are drawn anew from its data, because whoever sent the folder
may have put anything into its pictures and pages.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from api.service.data_folder import open_folder
from api.service.keeping import row_of
from api.service.store import Store, rows
from experiments.result_folder import DRAWN, MANIFEST, checked_manifest, write_json
from gates.findings import ConfigError, Finding


@contextmanager
def viewed(folder: Path) -> Iterator[tuple[Path, str]]:
    """Give a data folder with one result, and the address of its view; both are gone afterwards.

    Raises
    ------
    ConfigError
        If the folder is not a result, or is damaged.
    """
    manifest = checked_manifest(folder, drawn=False)
    kind = manifest["kind"]
    name = f"{kind}_{hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:16]}"
    with tempfile.TemporaryDirectory(prefix="bordergate-view-") as place:
        data = open_folder(Path(place))
        result = data.result(name)
        files = {each: at for each, at in manifest.get("files", {}).items() if not each.startswith(DRAWN)}
        _link(folder, result, files)
        write_json(result / MANIFEST, manifest | {"files": files})
        if kind == "study":
            _draw(result)
        stored = Store(f"sqlite:///{data.database}")
        stored.at_once(rows.add(dataclasses.replace(row_of(data, result), request=json.dumps(_request(manifest)))))
        stored.close()
        yield data.root, f"/{'runs' if kind == 'run' else 'studies'}/{name}"


def _link(folder: Path, result: Path, files: Mapping[str, Any]) -> None:
    """Put links to the files of a result into a new folder; copies, where there are no links."""
    root = folder.resolve()
    for name in files:
        source, target = root / PurePosixPath(name), result / PurePosixPath(name)
        if source.is_symlink() or not source.resolve().is_relative_to(root):
            problem = f"lists {name[:60]}, which is a link, or is outside the folder"
            raise ConfigError([Finding("DIR", str(folder), problem, "Copy the files themselves into the folder.")])
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.symlink_to(source)
        except OSError:
            shutil.copyfile(source, target)
    result.mkdir(parents=True, exist_ok=True)


def _draw(result: Path) -> None:
    from experiments.report.drawing import draw_result, painters

    with painters() as pool:
        draw_result(result, pool, png=True)


def _request(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return about what was asked for, so far as the manifest says it."""
    if manifest["kind"] == "study":
        study: dict[str, Any] = manifest["study"]
        return study
    scenario = manifest["scenario"]
    kept = sum(name.startswith("events/") for name in manifest.get("files", {}))
    return {
        "gate": scenario["gate"]["name"],
        "upgrades": list(dict.fromkeys(change["upgrade"] for change in manifest.get("changes", []))),
        **{name: scenario[name] for name in ("days", "warmup_days", "demand", "start")},
        **{name: manifest[name] for name in ("replications", "seed")},
        "keep_events": kept,
    }

"""Results made again: from the manifest of a result, and compared with it byte by byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from experiments.result_folder import MANIFEST, OLDEST, is_ours, read_json, refuse_newer
from experiments.runs.provenance import digest
from gates.files.explain import model_findings
from gates.files.load import gate_from_data
from gates.findings import ConfigError, Finding

if TYPE_CHECKING:
    from experiments.inputs.trace import Trace
    from experiments.runs.request import ResolvedRun
    from experiments.studies.model import Study
    from gates import Scenario

Read = TypeVar("Read", bound=BaseModel)


def manifest_at(name: str, kind: str) -> dict[str, Any] | None:
    """Return the manifest that a name on the command line stands for, itself or its folder; None if it is none.

    Raises
    ------
    ConfigError
        If it is the manifest of another kind of result, or of a newer version.
    """
    path = Path(name) / MANIFEST if Path(name).is_dir() else Path(name)
    if path.suffix != ".json" or not path.is_file():
        return None
    try:
        document = read_json(path)
    except ValueError:
        return None
    if not is_ours(document):
        return None
    refuse_newer(document, "file", name)
    if document["kind"] != kind:
        remedy = f"Use bordergate {document['kind']} {name}."
        raise ConfigError([Finding("file", name, f"is the manifest of a {document['kind']}", remedy)])
    return document


def run_of(document: Mapping[str, Any], folder: Path) -> ResolvedRun:
    """Return the run that a manifest describes.

    Parameters
    ----------
    document
        The manifest.
    folder
        Where it stands, and the trace beside it.

    Raises
    ------
    ConfigError
        With every finding at once, if it was changed so that it cannot be run.
    """
    from experiments.runs.request import ResolvedRun
    from experiments.runs.settings import RunSettings
    from gates import Change, Scenario

    if "policy" in document:
        name, sha256 = document["policy"]["name"], document["policy"]["sha256"][:12]
        remedy = f"Run it from Python, with the code whose SHA-256 begins with {sha256}: bg.run(..., policy={name})."
        raise ConfigError([Finding("policy", name, "the code of the policy is not in the result", remedy)])
    _refuse_changed(document, "scenario", digest(document.get("scenario")))
    written = document["scenario"]
    scenario = _read({**written, "gate": gate_from_data(written["gate"], MANIFEST)}, Scenario)
    settings = _read({name: document.get(name) for name in RunSettings.model_fields}, RunSettings)
    changes = tuple(Change(**change) for change in document["changes"])
    return ResolvedRun(scenario, settings, changes, _trace_of(document, folder, scenario))


def _trace_of(document: Mapping[str, Any], folder: Path, scenario: Scenario) -> Trace | None:
    """Return the trace that a manifest names, from the file beside it."""
    if "trace" not in document:
        return None
    from experiments.inputs.read_trace import read_trace
    from experiments.inputs.trace import FILE
    from experiments.runs.provenance import trace_digest

    if not (folder / FILE).is_file():
        remedy = f"Put the {FILE} of the result beside its manifest."
        raise ConfigError([Finding("trace", str(folder / FILE), "the trucks of the trace are missing", remedy)])
    trace = read_trace(folder / FILE, scenario)
    if document["trace"]["sha256"] != trace_digest(trace):
        remedy = "Run the gate with `--trace` for other trucks."
        raise ConfigError([Finding("trace", str(folder / FILE), "is not as it was written", remedy)])
    return trace


def study_of(document: Mapping[str, Any]) -> Study:
    """Return the study that a manifest describes, with what its own files of gates and upgrades said.

    Raises
    ------
    ConfigError
        With every finding at once, if it was changed so that it cannot be run.
    """
    from experiments.studies.model import Study
    from gates.renamed import old_key

    if document["format"] < OLDEST["study"]:  # it neither held its own files nor their hash
        return _read({key: value for key, value in document["study"].items() if not old_key("Study", key)}, Study)
    _refuse_changed(document, "study", digest([document.get("study"), document.get("inputs")]))
    return _read(document["study"], Study).with_inputs(document["inputs"])


def _refuse_changed(document: Mapping[str, Any], part: str, found: str) -> None:
    if document.get("hashes", {}).get(part) != found:
        remedy = "Write a gate or study file for what you want to change."
        raise ConfigError([Finding(part, "", "is not as it was written", remedy, MANIFEST)])


def _read(data: Mapping[str, Any], model: type[Read]) -> Read:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(model_findings(error, model), MANIFEST) from None


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the files that differ between two manifests of sealed results, the manifest itself included."""
    old, new = before["files"], after["files"]
    names = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    rest = [{key: value for key, value in each.items() if key != "files"} for each in (before, after)]
    return [*([] if rest[0] == rest[1] else [MANIFEST]), *names]

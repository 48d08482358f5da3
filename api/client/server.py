"""A server as `bg.connect` gives it: `run`, `study` and `result` as on this machine, and what the server keeps."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from api.client.transport import ServiceError, Transport
from experiments.result_folder import checked_manifest, refuse_other_content
from experiments.results.folder import FolderResult
from experiments.results.run import Result
from experiments.results.study import StudyFolder
from experiments.runs.files import atomic_folder
from experiments.studies.model import Study
from gates.files.load import library_names, load_gate
from gates.findings import ConfigError, Finding
from gates.schema.borders.composed import ComposedGate
from gates.schema.gate import Gate
from gates.upgrades import Level

if TYPE_CHECKING:
    from types import TracebackType

Shown = TypeVar("Shown", bound=FolderResult)
Told = Callable[[dict[str, Any]], object]
UNFINISHED = ("queued", "running")
WAIT_S = 30
"""How long the server may hold an answer back while nothing ends [s]."""
LARGEST_BYTES = 20 << 30
"""Of an unpacked result: more is refused, whatever the server says."""


class Server:
    """A server that runs gates and studies. It may be used as a context: then its connections are closed at the end."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        try:
            about = transport.json("GET", "/limits")  # so that a wrong address or key is told now
        except BaseException:
            transport.close()
            raise
        if not isinstance(about, dict) or "queued_a_key" not in about:
            transport.close()
            raise ServiceError("not-a-server", f"{transport.address} is not a bordergate server.")

    def __repr__(self) -> str:
        """Return where it is."""
        return f"bordergate server at {self._transport.address}"

    def __enter__(self) -> Server:
        """Give the server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections."""
        self.close()

    def close(self) -> None:
        """Close its connections; what runs there goes on."""
        self._transport.close()

    def run(
        self,
        gate: Gate | str | Path,
        *,
        reading: str | None = None,
        upgrades: Sequence[str] = (),
        changes: Mapping[str, object] | None = None,
        days: int = 30,
        warmup_days: int = 7,
        replications: int = 20,
        seed: int = 1,
        start: dt.date | str | None = None,
        demand: float = 1.0,
        level: Level = "base",
        keep_events: int | str = 1,
        project: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        reuse: bool = True,
        progress: Told | None = None,
        out: str | Path | None = None,
    ) -> Result:
        """Run a gate there, wait, and return its result, as `bordergate.run` does on this machine.

        Parameters
        ----------
        gate
            A gate, the name of one of the server's library, or the path of a file here.
        changes
            Place in the gate -> value, such as `{"stages.bay-cn.lanes": 15}`; they come after the upgrades.
        project, name, tags
            Project that it is for, and what to find it again by.
        reuse
            Whether the result of an identical earlier run may be given.
        progress
            Called with the state of the run whenever it has changed.
        out
            Folder of the result; without it there is a temporary folder, removed with the result.

        The others are those of `bordergate.run`. If the program is stopped while it waits, the run goes on: the same
        call finds it again.

        Raises
        ------
        ConfigError
            With every finding at once, if it cannot be run.
        ServiceError
            If the server refuses it, cannot be reached for too long, or the run fails or is cancelled.
        """
        asked = {
            "gate": _gate_sent(gate),
            "reading": reading,
            "upgrades": list(upgrades),
            "set": dict(changes or {}),
            "days": days,
            "warmup_days": warmup_days,
            "replications": replications,
            "seed": seed,
            "start": start.isoformat() if isinstance(start, dt.date) else start,
            "demand": demand,
            "level": level,
            "keep_events": keep_events,
        }
        sent = asked | _options(project, name, tags, reuse)
        return self._made(Result, "runs", sent, progress, out)

    def study(
        self,
        study: Study | str | Path,
        *,
        project: str | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        reuse: bool = True,
        progress: Told | None = None,
        out: str | Path | None = None,
    ) -> StudyFolder:
        """Run a study there, wait, and return its result, as `bordergate.study` does on this machine.

        The study may be one of the library, or a file here. The others are as with `run`.
        """
        from experiments.studies.model import load_study

        known = study if isinstance(study, Study) else load_study(study)
        sent = known.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return self._made(StudyFolder, "studies", sent | _options(project, name, tags, reuse), progress, out)

    def result(self, id: str, out: str | Path | None = None) -> Result | StudyFolder:
        """Return the result of a finished run or study by its id.

        Raises
        ------
        ServiceError
            If there is none, or it is not finished.
        """
        if _plural(id) == "studies":
            return self._opened(StudyFolder, f"/studies/{id}", id, out)
        return self._opened(Result, f"/runs/{id}", id, out)

    def runs(self, **wanted: object) -> Iterator[dict[str, Any]]:
        """Yield the states of runs, the newest first: those that `status`, `gate`, `owner`, `name`, `tag` and so on let
        through, as `GET /runs` has them.
        """
        return self._listed("runs", wanted)

    def studies(self, **wanted: object) -> Iterator[dict[str, Any]]:
        """Yield the states of studies, as `runs` does."""
        return self._listed("studies", wanted)

    def state(self, id: str) -> dict[str, Any]:
        """Return the state of a run or a study."""
        found: dict[str, Any] = self._transport.json("GET", f"/{_plural(id)}/{id}")
        return found

    def cancel(self, id: str) -> None:
        """Stop a run or a study."""
        self._transport.json("POST", f"/{_plural(id)}/{id}/cancel")

    def delete(self, id: str) -> None:
        """Remove a finished run or study with all its files."""
        self._transport.json("DELETE", f"/{_plural(id)}/{id}")

    def label(self, id: str, **written: object) -> dict[str, Any]:
        """Write a `name`, `tags` or a `note` on a run or a study, and return its state; None removes."""
        found: dict[str, Any] = self._transport.json("PATCH", f"/{_plural(id)}/{id}", written)
        return found

    # how

    def _made(
        self, kind: type[Shown], plural: str, sent: dict[str, Any], progress: Told | None, out: str | Path | None
    ) -> Shown:
        if out is not None:
            refuse_other_content(Path(out))  # before anything is simulated
        once = {"Idempotency-Key": secrets.token_hex(16)}
        state = self._transport.json("POST", f"/{plural}", sent, once)
        place = f"/{plural}/{state['id']}"
        while True:
            if progress is not None:
                progress(state)
            if state["status"] not in UNFINISHED:
                break
            state = self._transport.json("GET", place, headers={"Prefer": f"wait={WAIT_S}"})
        if state["status"] != "succeeded":
            problem = state["problem"] or {}
            detail = problem.get("detail", f"{state['id']} was {state['status']}.")
            raise ServiceError(problem.get("kind", state["status"]), detail)
        return self._opened(kind, place, state["id"], out)

    def _opened(self, kind: type[Shown], place: str, name: str, out: str | Path | None) -> Shown:
        """Bring a result here and return it over its folder; without a place in a folder that is removed with it."""
        temporary = Path(tempfile.mkdtemp(prefix="bordergate-"))
        try:
            self._transport.download(f"{place}/archive", temporary / "archive.zip")
            if out is not None:
                refuse_other_content(Path(out))
                with atomic_folder(Path(out).resolve()) as partial:
                    _unpacked(temporary / "archive.zip", name, partial)
                shutil.rmtree(temporary)
                return kind(Path(out))
            _unpacked(temporary / "archive.zip", name, temporary / "result")
            (temporary / "archive.zip").unlink()
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return kind(temporary / "result", temporary=temporary)

    def _listed(self, plural: str, wanted: Mapping[str, object]) -> Iterator[dict[str, Any]]:
        asked = {name: value for name, value in wanted.items() if value is not None}
        while True:
            found = self._transport.json("GET", f"/{plural}?{urlencode(asked, doseq=True)}")
            yield from found["items"]
            if found["next"] is None:
                return
            asked["cursor"] = found["next"]


def connect(url: str, key: str | None = None, *, patience_s: float = 300.0) -> Server:
    """Return a server on which gates and studies run as they do here.

    Parameters
    ----------
    url
        Where it is, such as `https://gates.example`.
    key
        Access key; none means the environment's `BORDERGATE_KEY`, if there is one.
    patience_s
        How long a request is repeated while the server cannot be reached or has no room [s].

    Raises
    ------
    ConfigError
        If the address is none, or the key would be sent in the clear.
    ServiceError
        If the server cannot be reached, or refuses the key.
    """
    return Server(Transport(url, key or os.environ.get("BORDERGATE_KEY"), patience_s))


def _gate_sent(gate: Gate | str | Path) -> str | dict[str, Any]:
    """Return a gate as it is sent: a file of this machine as what it says, a name of the library as it is."""
    if not isinstance(gate, Gate):
        if str(gate) in library_names() or not Path(gate).exists():
            return str(gate)
        gate = load_gate(gate)
    if isinstance(gate, ComposedGate):
        return gate.document
    sent: dict[str, Any] = gate.model_dump(mode="json", by_alias=True, exclude_defaults=True, warnings=False)
    return sent


def _options(project: str | None, name: str | None, tags: Sequence[str], reuse: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"reuse": reuse}
    if project is not None:
        found["project"] = project
    if name is not None or tags:
        found["label"] = {"name": name, "tags": list(tags)}
    return found


def _plural(id: str) -> str:
    kinds = {"run": "runs", "study": "studies"}
    kind = str(id).partition("_")[0]
    if kind not in kinds:
        remedy = "Copy it from the list: it begins with run_ or study_."
        raise ConfigError([Finding("id", str(id)[:60], "is not the id of a run or a study", remedy)])
    return kinds[kind]


def _unpacked(archive: Path, name: str, target: Path) -> None:
    """Unpack a result, each file of which must belong to it, be whole, and be listed in its manifest.

    Raises
    ------
    ServiceError
        If it is not what a server of ours sends.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = packed.infolist()
            wrong = [one.filename for one in entries if not _belongs(one, name)]
            if wrong or sum(one.file_size for one in entries) > LARGEST_BYTES:
                detail = f"The server sent a file that belongs to no result: {(wrong or ['too large'])[0][:80]}"
                raise ServiceError("not-a-server", detail)
            for one in entries:
                place = target / one.filename.removeprefix(f"{name}/")
                place.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(one) as source, place.open("xb") as file:
                    shutil.copyfileobj(source, file)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ServiceError("unreachable", f"The result arrived incomplete ({error}). Ask for it again.") from None
    checked_manifest(target, drawn=False, every_byte=True)


def _belongs(entry: zipfile.ZipInfo, name: str) -> bool:
    """Tell whether an entry is a plain file within the folder of the result."""
    top, *rest = entry.filename.split("/")
    strange = not rest or any(part in ("", ".", "..") or "\\" in part or ":" in part for part in rest)
    mode = entry.external_attr >> 16
    return top == name and not strange and (mode == 0 or stat.S_IFMT(mode) in (0, stat.S_IFREG))

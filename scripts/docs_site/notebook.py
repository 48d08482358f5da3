"""Execute a notebook, and return it as a page of the site with what each cell shows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from experiments.plots import theme

SECONDS = 300  # that a cell may take
ALT = "The plot that this cell makes"
PICTURES = 'import altair; altair.renderers.enable("svg")'
"""Charts become pictures: the site loads no scripts from the network."""


def executed(notebook: Path) -> Any:
    """Return a notebook with its outputs, executed in an empty folder; a cell that fails raises an error."""
    import nbformat
    from nbclient import NotebookClient

    document = nbformat.read(notebook, as_version=4)
    document.cells.insert(0, nbformat.v4.new_code_cell(PICTURES))
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(document, timeout=SECONDS, resources=resources).execute()
    del document.cells[0]
    return document


def as_page(notebook: Path, folder: Path) -> str:
    """Execute a notebook and return it as a page; its pictures are written to the folder of the page."""
    parts, name = [], notebook.stem
    for at, cell in enumerate(executed(notebook).cells):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.cell_type == "code":
            parts.append(f"```python\n{cell.source}\n```")
            parts += [_output(one, f"{name}-{at}", folder) for one in cell.outputs]
    return "\n\n".join(parts) + "\n"


def _output(output: Any, name: str, folder: Path) -> str:
    data = output.get("data", {})
    if output.output_type == "stream":
        return _text(output.text)
    if picture := data.get("image/svg+xml"):
        whole = theme.standalone(picture, ALT, theme.font_faces([picture]))
        (folder / f"{name}.svg").write_text(whole, encoding="utf-8")
        return f"````{{container}} plot\n```{{image}} {name}.svg\n:alt: {ALT}\n```\n````"
    return _text(data["text/plain"])


def _text(shown: str) -> str:
    return "```text\n" + shown.rstrip() + "\n```"

"""Copy the pages of the repository into the folder that Sphinx reads, with links that work there."""

from __future__ import annotations

import posixpath
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from scripts.docs_site.contents import DECISIONS, HOME, SECTIONS

ROOT = Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"( *)(`{3,}|~{3,})")
LINK = re.compile(r"(`[^`\n]*`)|(?P<open>!?\[(?P<text>[^\]\n]*)\]\()(?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")


def sources() -> dict[str, str]:
    """Return the pages that exist: file in the repository -> page of the site."""
    listed = {file: page for section in SECTIONS for page, file in section.pages.items() if file}
    decisions = {file.relative_to(ROOT).as_posix(): f"decisions/{file.stem}" for file in sorted(_decisions())}
    pages = {HOME: "index", **listed, **decisions}
    return {file: page for file, page in pages.items() if (ROOT / file).is_file()}


def unlisted() -> list[str]:
    """Return the pages of docs/ that the contents do not name."""
    there = [path for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", ".ipynb")]
    return sorted({path.relative_to(ROOT).as_posix() for path in there} - sources().keys())


def _decisions() -> Iterable[Path]:
    return (ROOT / DECISIONS).glob("*.md")


def staged(text: str, file: str, page: str, keep: Callable[[str], str]) -> str:
    """Return the text of a page with links that work on the site.

    Parameters
    ----------
    text
        The page as it stands in the repository, at `file`.
    page
        Its place on the site.
    keep
        Takes a file of the repository that is not a page, and returns its place on the site.
    """
    known = sources()
    here, there = posixpath.dirname(file), posixpath.dirname(page)

    def moved(match: re.Match[str]) -> str:
        target = match["target"]
        if match[1] or "://" in target or target.startswith("mailto:"):
            return match[0]
        path = posixpath.normpath(posixpath.join(here, target))
        anchor = match["anchor"] or ""
        if (ROOT / path).is_dir():
            index = f"{path}/README.md"
            if index not in known:
                return str(match["text"])
            path = index
        if path in known:
            return f"{match['open']}{posixpath.relpath(known[path] + '.md', there or '.')}{anchor})"
        if path.endswith(".md"):  # a page that is not part of the site
            return str(match["text"])
        return f"{match['open']}{posixpath.relpath(keep(path), there or '.')})"

    return "\n".join(LINK.sub(moved, line) if is_text else line for line, is_text in _lines(text)) + "\n"


def _lines(text: str) -> Iterable[tuple[str, bool]]:
    """Return each line, and whether it is text and not code."""
    fence = ""
    for line in text.splitlines():
        opened = FENCE.match(line)
        if fence:
            yield line, False
            fence = "" if opened and opened[2].startswith(fence) else fence
        else:
            fence = opened[2] if opened else ""
            yield line, not fence


def stage(folder: Path, executed: Callable[[Path], str]) -> None:
    """Write every page of the repository to the folder, and the files and pictures that they link to.

    `executed` runs a notebook and returns it as a page.
    """

    def keep(path: str) -> str:
        target = folder / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, target)
        return f"files/{path}"

    for file, page in sources().items():
        read = executed if file.endswith(".ipynb") else Path.read_text
        target = folder / f"{page}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(staged(read(ROOT / file), file, page, keep), encoding="utf-8")


def menu(folder: Path) -> str:
    """Return the tables of contents of the pages that are in the folder."""
    trees = []
    for section in SECTIONS:
        there = [page for page in section.pages if any(folder.glob(f"{page}.*"))]
        trees.append(tree(section.title, there))
    return "\n".join(trees)


def tree(caption: str, pages: Iterable[str]) -> str:
    """Return one table of contents for the menu."""
    listed = "\n".join(pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"

"""Build the site, or make the pictures of docs/images again."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.docs_site import __doc__ as about
from scripts.docs_site import gallery, notebook, references
from scripts.docs_site.stage import ROOT, menu, stage, tree, unlisted
from scripts.write_metrics_page import BEGIN, END

BUILD = ROOT / "build" / "docs"
CONFIGURATION = Path(__file__).resolve().parent / "sphinx"


def write_sources(folder: Path) -> None:
    """Write every page of the site, copied or generated, to a folder."""
    stage(folder, lambda file: notebook.as_page(file, folder))
    generated = {"cli": references.commands(), "python": references.python(), "http": references.http()}
    generated["gallery"] = gallery.gallery(folder)
    for page, text in generated.items():
        (folder / f"{page}.md").write_text(text, encoding="utf-8")
    metrics = folder / "metrics.md"
    head, _, rest = metrics.read_text(encoding="utf-8").partition(BEGIN)
    metrics.write_text(head + references.metrics() + rest.partition(END)[2], encoding="utf-8")
    decisions = sorted(path.stem for path in (folder / "decisions").glob("0*.md"))
    _append(folder / "decisions" / "README.md", tree("Decisions", decisions))
    _append(folder / "index.md", menu(folder))


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def build(folder: Path) -> int:
    """Build the site in a folder, and return Sphinx's exit code."""
    if missing := unlisted():
        print(f"not in scripts/docs_site/contents.py: {', '.join(missing)}")
        return 1
    if folder.exists():
        shutil.rmtree(folder)
    source, html = folder / "source", folder / "html"
    source.mkdir(parents=True)
    write_sources(source)
    options = ["--fail-on-warning", "--keep-going", "--quiet", "--nitpicky", "-d", str(folder / "doctrees")]
    command = ["sphinx", "-b", "html", "-c", str(CONFIGURATION), *options, str(source), str(html)]
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False)
    if done.returncode == 0:
        print(f"{html / 'index.html'}")
    return done.returncode


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", action="store_true", help="make the pictures of docs/images again")
    if parser.parse_args().images:
        gallery.images()
        return 0
    return build(BUILD)


if __name__ == "__main__":
    sys.exit(main())

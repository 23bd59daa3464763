"""Make the parts of README.md and docs/*.md that come from the code: ``python -m netaudit.studies.docs [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from netaudit.studies.docs.parts import PARTS
from netaudit.studies.docs.regions import filled


def main(root: Path) -> None:
    """Write the pages below ``root`` again."""
    for page in (root / "README.md", *sorted((root / "docs").glob("*.md"))):
        text = page.read_text(encoding="utf-8")
        page.write_text(filled(text, PARTS), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))

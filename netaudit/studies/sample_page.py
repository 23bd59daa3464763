"""Draw the first two pages of a report side by side, for the README: ``python -m netaudit.studies.sample_page DIR``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from netaudit.api import AuditReport
from netaudit.report.renderers.pdf import to_png


def main(folder: Path) -> None:
    """Draw ``page.png`` from the ``audit.json`` in the folder."""
    from PIL import Image

    pages = to_png(AuditReport.from_json(folder / "audit.json").document(), ppi=90)
    left, right = (Image.open(io.BytesIO(page)) for page in pages[:2])
    both = Image.new("RGB", (left.width + right.width + 2, left.height), (160, 160, 160))
    both.paste(left, (0, 0))
    both.paste(right, (left.width + 2, 0))
    both.quantize(64).save(folder / "page.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

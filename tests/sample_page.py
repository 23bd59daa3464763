"""Draw the first two pages of a sample report for the README: ``python tests/sample_page.py FOLDER``."""

import io
import sys
from pathlib import Path

from netaudit.report.bundle import prepare
from PIL import Image

from netaudit.report.renderers.pdf import to_png
from netaudit.results import AuditReport


def main(folder: Path) -> None:
    pages = to_png(prepare(AuditReport.from_json(folder / "audit.json")), ppi=90)
    left, right = (Image.open(io.BytesIO(page)) for page in pages[:2])
    both = Image.new("RGB", (left.width + right.width + 2, left.height), (160, 160, 160))
    both.paste(left, (0, 0))
    both.paste(right, (left.width + 2, 0))
    both.quantize(64).save(folder / "page.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

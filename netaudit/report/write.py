"""The doors of the room: render one report to HTML, PDF or figures, or write them all into a folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit.errors import ReportError
from netaudit.files import make_folder, write_atomically
from netaudit.results import AuditReport

if TYPE_CHECKING:
    from netaudit.report.bundle import Bundle

FORMATS = ("html", "pdf", "json")


def render_html(report: AuditReport, path: str | Path | None = None) -> str:
    """The report as one self-contained HTML page (no script, no network); written to ``path`` if given.

    Raises:
        ReportError: the file cannot be written.
    """
    from netaudit.report.bundle import prepare
    from netaudit.report.renderers.html import to_html

    page = to_html(prepare(report))
    if path is not None:
        write_atomically(Path(path), page.encode("utf-8"))
    return page


def render_pdf(report: AuditReport, path: str | Path | None = None) -> bytes:
    """The report as a PDF (PDF/A-3a, PDF/UA-1) with audit.json attached; written to ``path`` if given.

    The same report gives the same bytes.

    Raises:
        ReportError: the PDF cannot be made, or the file cannot be written.
    """
    from netaudit.report.bundle import prepare
    from netaudit.report.renderers.pdf import to_pdf

    pdf = to_pdf(prepare(report))
    if path is not None:
        write_atomically(Path(path), pdf)
    return pdf


def write_figures(report: AuditReport, folder: str | Path) -> list[Path]:
    """Draw the report's figures into ``folder`` as SVG, numbered like ``layer_001_singular_values.svg``.

    Raises:
        ReportError: a file cannot be written.
    """
    from netaudit.report.figures.draw import draw_figures
    from netaudit.report.plan import plan

    return _write_figures(draw_figures(plan(report)), Path(folder))


def write_reports(report: AuditReport, out: Path, formats: Collection[str] = FORMATS) -> dict[str, Path]:
    """Write the formats asked for into the folder ``out``, which is made if need be.

    ``audit.html`` and ``audit.pdf`` come with ``figures/*.svg``, drawn once for all. ``audit.json`` is written last:
    where it is, the rest is complete.

    Returns:
        The path of each format, and ``figures`` (their folder) where there are some.

    Raises:
        ReportError: an unknown format, a PDF that cannot be made, or a file that cannot be written.
    """

    def bundle() -> Bundle:
        from netaudit.report.bundle import prepare

        return prepare(report)

    return write_formats("audit", out, formats, report.to_json, bundle)


def write_formats(
    stem: str, out: Path, formats: Collection[str], text: Callable[[], str], bundle: Callable[[], Bundle]
) -> dict[str, Path]:
    """Write ``{stem}.html``, ``{stem}.pdf``, the figures and, last, ``{stem}.json``: what was asked for.

    The page is laid out (``bundle``) only for a format that shows it; JSON alone takes its ``text``.

    Raises:
        ReportError: an unknown format, a PDF that cannot be made, or a file that cannot be written.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise ReportError(f"unknown format {unknown[0]!r}", hint=f"formats are {', '.join(FORMATS)}")
    make_folder(out)
    written: dict[str, Path] = {}

    def keep(name: str, data: bytes) -> None:
        written[name] = out / f"{stem}.{name}"
        write_atomically(written[name], data)

    if not {"html", "pdf"} & set(formats):
        if "json" in formats:
            keep("json", text().encode("ascii"))
        return written

    laid_out = bundle()
    if _write_figures(laid_out.figures, out / "figures"):
        written["figures"] = out / "figures"
    if "html" in formats:
        from netaudit.report.renderers.html import to_html

        keep("html", to_html(laid_out).encode("utf-8"))
    if "pdf" in formats:
        from netaudit.report.renderers.pdf import to_pdf

        keep("pdf", to_pdf(laid_out))
    if "json" in formats:
        keep("json", laid_out.json.encode("ascii"))
    return written


def _write_figures(figures: Mapping[str, str], folder: Path) -> list[Path]:
    if figures:
        make_folder(folder)
    paths = []
    for stem, svg in figures.items():
        paths.append(folder / f"{stem}.svg")
        write_atomically(paths[-1], f'<?xml version="1.0" encoding="utf-8"?>\n{svg}'.encode())
    return paths

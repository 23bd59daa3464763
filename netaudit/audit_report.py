"""An audit's report as an object: its numbers, with what renders and writes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.table import ALARMS, installed, payload_types
from netaudit.audit_page.build import build_document, draft
from netaudit.files import write_atomically
from netaudit.paper.exports import bundles
from netaudit.paper.numbers import wide_rows
from netaudit.paper.venues import DEFAULT as DEFAULT_VENUE
from netaudit.report.document.finish import Progress
from netaudit.report.document.model import figures_of
from netaudit.report.figures.objects import drawn
from netaudit.report.folder import write_whole
from netaudit.report.renderers.fragment import first_section
from netaudit.report.renderers.table import DEFAULT_FORMATS
from netaudit.report.write import show_figures, write_figures
from netaudit.results.long_form import Row, layer_rows, network_rows
from netaudit.results.payload import Finding
from netaudit.results.reading import read_report
from netaudit.results.report import Report

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Canvas

    from netaudit.report.document.model import Document


class AuditReport(Report, frozen=True, dict=True):
    """The whole audit, with what turns it into a report. ``to_json`` first: all others are made from the same object.

    Every field is described in :class:`netaudit.results.report.Report` and in docs/format.md.
    """

    @classmethod
    def of(cls, report: Report, analyses: Sequence[Analysis]) -> AuditReport:
        """A report with the analyses that present it, which are no part of the JSON."""
        made = cls(*(getattr(report, name) for name in report.__struct_fields__))
        made.__dict__["_analyses"] = tuple(analyses)
        return made

    @classmethod
    def from_json(cls, source: str | Path, *, changed: bool = False) -> AuditReport:
        """Read an audit.json: a path, or the text itself (a string that begins with ``{``).

        ``changed`` reads also one that was changed since it was written: its fingerprint is of another content.

        Raises:
            ReportError: not a file, not JSON, another format version, not of the published schema, or changed.
        """
        report = read_report(source, payload_types("layer"), payload_types("network"), changed=changed)
        return cls.of(report, installed())

    def raises(self, alarm: str) -> bool:
        """Whether any layer raises what ``--fail-on`` calls so: a claim fails, or a layer is ``untrained``.

        Raises:
            KeyError: nothing is called so.
        """
        analysis = ALARMS[alarm]
        found = [layer.payload(analysis.name, analysis.payload) for layer in self.layers]
        payloads = [payload for payload in found if payload is not None]
        raised = analysis.alarms.get(alarm)
        return any(
            raised(payload) if raised else isinstance(payload, Finding) and payload.verdict == "fails"
            for payload in payloads
        )

    def document(self, *, draw: bool = True, progress: Progress | None = None, venue: str = DEFAULT_VENUE) -> Document:
        """What every renderer lays out: sections of plain strings, and the figures, drawn where they are wanted.

        ``progress`` is told how many figures are done; ``venue`` is the one that a paper is written for.

        Raises:
            ValueError: no such venue.
        """
        analyses = self.__dict__["_analyses"]
        document = build_document(self, analyses, draw=draw, progress=progress)
        return replace(document, bundles=bundles(self, analyses, venue))

    def to_json(self, path: str | Path | None = None) -> str:
        """The audit as JSON text (ASCII, two-space indent, one newline at the end); written to ``path`` if given.

        Lists of numbers are on one line.

        Raises:
            ValueError: a number is NaN or infinite.
            ReportError: the file cannot be written.
        """
        text = self.json_text()
        if path is not None:
            write_atomically(Path(path), text.encode("ascii"))
        return text

    def to_html(self, path: str | Path | None = None) -> str:
        """The report as one self-contained HTML page (no script, no network); written to ``path`` if given.

        Raises:
            ReportError: the file cannot be written.
        """
        from netaudit.report.renderers.html import to_html

        page = to_html(self.document())
        if path is not None:
            write_atomically(Path(path), page.encode("utf-8"))
        return page

    def to_pdf(self, path: str | Path | None = None) -> bytes:
        """The report as a PDF (PDF/A-3a, PDF/UA-1) with audit.json attached; written to ``path`` if given.

        The same report gives the same bytes.

        Raises:
            ReportError: the PDF cannot be made, or the file cannot be written.
        """
        from netaudit.report.renderers.pdf import to_pdf

        pdf = to_pdf(self.document())
        if path is not None:
            write_atomically(Path(path), pdf)
        return pdf

    def write(
        self, out: str | Path, formats: Collection[str] = DEFAULT_FORMATS, *, venue: str = DEFAULT_VENUE
    ) -> dict[str, Path]:
        """Write the report into the folder ``out`` as ``audit.html``, ``audit.pdf``, ... with ``figures/*.svg``.

        It takes the place of an earlier report there as a whole: files of formats that are not written now go, too.
        The earlier one stays until this one is whole.

        Returns:
            The path of each format, and ``figures`` (their folder) where there are some.

        Raises:
            ReportError: an unknown format, a PDF that cannot be made, another run that uses the folder, or a file that
                cannot be written.
        """
        return write_whole(self.document(draw=show_figures(formats), venue=venue), Path(out), formats)

    def write_figures(self, folder: str | Path) -> list[Path]:
        """Draw the report's figures into ``folder`` as SVG.

        Raises:
            ReportError: a file cannot be written.
        """
        return write_figures(self.document(), Path(folder))

    def figures(self, width: float | None = None) -> dict[str, Canvas]:
        """Every figure of the report as a Matplotlib figure, by its name, such as ``layer_001_weights``.

        ``width`` is in inches; that of a column of the report by default. They are no part of pyplot's state: in a
        notebook the last expression of a cell shows one, and ``figure.savefig`` writes it.
        """
        document = draft(self, self.__dict__["_analyses"])
        return {figure.stem: drawn(figure, width) for figure in figures_of(document.sections)}

    def _repr_html_(self) -> str:
        """Page one of the report, for a notebook."""
        return first_section(self.document(draw=False))

    def to_dataframe(self, *, long: bool = False) -> pd.DataFrame:
        """One row a layer: name, shape, and for each claim its verdict and metrics as ``claim.metric``.

        What other tools report has WeightWatcher's column names as they are; the interval of alpha and the nulls of
        alpha and D are beside it, as ``alpha_low``, ``alpha_high``, ``alpha_null_q01``, ``D_null_median``, ...

        ``long`` gives one row a number: layer, analysis, metric, value, low, high, verdict. The layer of a number of
        the network as a whole is empty, and so is the verdict of a number that nothing rests on.
        """
        import pandas as pd

        if long:
            return pd.DataFrame([*layer_rows(self), *network_rows(self)], columns=list(Row._fields))
        return pd.DataFrame(wide_rows(self, self.__dict__["_analyses"]))

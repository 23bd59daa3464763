"""The public door: audit a network, and read, render or write its report."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netaudit.analyses.analysis import Analysis
from netaudit.analyses.table import ALARMS, chosen, installed, payload_types, with_unique_names
from netaudit.audit_page.build import build_document, draft
from netaudit.auditing.kept import KeptLayers as KeptLayers
from netaudit.auditing.torch_settings import settled
from netaudit.files import write_atomically
from netaudit.paper.exports import bundles
from netaudit.paper.numbers import wide_rows
from netaudit.paper.venues import DEFAULT as DEFAULT_VENUE
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
from netaudit.vocabulary import NULL_LEVELS, SPECTRUM_METHODS, NullLevel, SpectrumMethod

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Canvas
    from torch import Tensor, nn

    from netaudit.network.cells import CellActivation
    from netaudit.network.network import Progress
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


@settled
def audit(
    target: str | Path | nn.Module | Mapping[str, Tensor],
    *,
    weights: str | Path | None = None,
    layers: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    state: str | None = None,
    order: Sequence[str] | None = None,
    as_layer: Sequence[str] | None = None,
    not_layer: Sequence[str] | None = None,
    cell_activation: CellActivation | None = None,
    base: str | Path | None = None,
    analyses: Sequence[str | Analysis] | None = None,
    device: str = "auto",
    seed: int = 0,
    data: str | Path | None = None,
    init: str | Path | nn.Module | Mapping[str, Tensor] | None = None,
    example: Any = None,
    nulls: NullLevel = "quick",
    spectrum: SpectrumMethod = "auto",
    deterministic: bool = False,
    hash_files: bool = True,
    progress: Progress | None = None,
    keep: str | Path | KeptLayers | None = None,
) -> AuditReport:
    """Audit a model: how random-like are its fully connected layers, and can it be run in reverse?

    Args:
        target: a file, a folder of shards, a bundled, torchvision or timm name, a repository of the Hugging Face hub
            (``hf:owner/name`` or ``hf:owner/name@revision``), an ``nn.Module``, a program of torch.export, or a state
            dict.
        weights: a file with a state dict for a named architecture, instead of its pretrained weights.
        layers: globs of layer names to audit (all, by default); ``*`` and ``?``, case-sensitive.
        exclude: globs of layer names to leave out.
        state: of several networks in a file or a state dict the one under this key or prefix: ``"model_ema"``.
        order: the layers of the head from bottom to top, where names and shapes leave their order open.
        as_layer: globs of tensors that are tables by their names, or 1 x 1 convolutions, and layers all the same.
        not_layer: globs of tensors that are layers by their names, and are none.
        cell_activation: ``tanh`` or ``relu``: what follows a simple recurrent cell, where a file or a state dict does
            not say it. Without it such a cell is not looked at for fixed points.
        base: where the target is an adapter (LoRA, DoRA, LoHa, LoKr), the model that it is added to: a file, a folder,
            a name or a repository. The merged weights are audited then, and ``state`` is of the base.
        analyses: names of installed analyses (`netaudit analyses` lists them), or your own; all installed ones by
            default.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        seed: every random number follows from it.
        data: real inputs: an ``.npz`` with ``x [N, ...]`` as the model takes them (uint8 is scaled to [0, 1]) and
            labels ``y [N]``; an ``.npy`` with inputs alone; a ``.csv`` with an input a row and a column ``label``; or a
            folder of images, for an architecture whose preprocessing is known. A bundled network brings its own.
        init: the first weights of the training run, before or early in it: what ``target`` may be, or a file for a
            named architecture. The report then says what changed since.
        example: an input that a module takes, where its shape cannot be guessed: a tensor, a tuple of positional
            arguments or a dict of keyword arguments. The first axis counts inputs; one forward pass on it is recorded.
        nulls: what each layer's statistics are set beside, apart from a Gaussian layer: ``quick``, one draw of its own
            entries permuted and one with random signs, on at most 1024 x 1024 of them; ``full``, ten of each at full
            size; ``none``. No verdict depends on it.
        spectrum: how the singular values are computed: ``exact``; ``lanczos``, their distribution with an error bound
            that the verdict allows for; ``auto``, exact up to a smaller side of 2048, up to 8192 with those of the
            weights without their mean right to two ranks, above that by Lanczos.
        deterministic: compute in one thread on the CPU, slower: the same bytes on the same machine whatever its
            settings. On another number of threads the last digits differ, see
            :attr:`netaudit.results.report.Provenance.threads`.
        hash_files: whether the SHA-256 of the files goes into the report. It reads them whole, which takes longer than
            the audit of a few layers of a large file. That of the audited weights is there in any case.
        progress: called with (message, done, total).
        keep: a folder for the result of each layer, and of each analysis of the network, as it comes. The same call
            with the same folder goes on after an interruption; what was kept of other weights, settings or versions is
            not used.

    Raises:
        ValueError: no such level of nulls, or way to the singular values.
        NetauditError: the target cannot be read, no analysis has a name, or no layer has a claim that can be judged.
    """
    from netaudit.analyses.context import Settings
    from netaudit.auditing.loop import Auditor
    from netaudit.auditing.selection import Selection
    from netaudit.network.fingerprint import unchanged_files
    from netaudit.numerics import device as devices
    from netaudit.sources.data import load_data
    from netaudit.sources.first import from_first, open_first
    from netaudit.sources.open import open_network
    from netaudit.sources.planners.choices import Choices
    from netaudit.sources.planners.example_inputs import described

    if nulls not in NULL_LEVELS:
        raise ValueError(f"nulls must be one of {', '.join(NULL_LEVELS)}, got {nulls!r}")
    if spectrum not in SPECTRUM_METHODS:
        raise ValueError(f"spectrum must be one of {', '.join(SPECTRUM_METHODS)}, got {spectrum!r}")
    used = resolve(analyses)
    tell = progress or _silent
    kept = KeptLayers(Path(keep)) if isinstance(keep, (str, Path)) else keep
    auditor = Auditor(Settings(devices.choose(device), seed, nulls, spectrum), used, tell, kept)
    choices = Choices(state, tuple(order or ()), tuple(as_layer or ()), tuple(not_layer or ()), cell_activation)
    file = None if weights is None else Path(weights)
    network = open_network(target, weights=file, progress=tell, choices=choices, base=base, example=example)
    first = None if init is None else open_first(target, init, progress=tell)
    sample = network.sample if data is None else load_data(Path(data), network, seed, tell)
    below = network.base
    with (
        unchanged_files(network.files, tell, hashed=hash_files) as file_sha256,
        unchanged_files(below.files if below else (), tell, hashed=hash_files) as base_sha256,
    ):
        settings = choices.settings | ({"base": below.settings(base_sha256)} if below else {})
        settings |= {} if example is None else {"example": described(example)}
        settings |= from_first(first, hashed=hash_files) | ({} if hash_files else {"hash": False})
        selection = Selection(tuple(layers or ()), tuple(exclude or ()), settings)
        report = auditor.run(network, sample, file_sha256, selection, first)
    return AuditReport.of(report, used)


def resolve(analyses: Sequence[str | Analysis] | None) -> tuple[Analysis, ...]:
    """The analyses that a user asks for: installed ones by their names in the order of the report, then their own.

    Raises:
        NetauditError: no analysis has one of the names, or two have the same.
    """
    if analyses is None:
        return installed()
    names = [each for each in analyses if isinstance(each, str)]
    return with_unique_names((*chosen(names), *(each for each in analyses if isinstance(each, Analysis))))


def _silent(message: str, done: float, total: float) -> None:
    """The default progress: nothing."""

"""One pair of networks in detail: the difference matrices, what rounding would give, the subspaces, the alignment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from netaudit.comparing.page.figures import draw_spectrum
from netaudit.comparing.page.first import exceeds, name_of
from netaudit.comparing.payload import Compared, LayerComparison
from netaudit.report.document.model import Block, Column, Figure, Paragraph, Section, Span, Table
from netaudit.report.document.model import Pair as TwoFigures
from netaudit.report.document.numbering import table
from netaudit.text import NONE, count, interval, number, percent, printable, shown_name

MOST_SPECTRA = 12
"""Spectra of one document: about three pages."""


def details(found: Compared, place: int) -> Iterator[Section]:
    """The sections of one pair, where there are weights; page one has the rest."""
    pair = found.pairs[place]
    changed = [layer for layer in pair.layers if layer.change is not None]
    if not changed:
        return
    name = f"pair-{place + 1}"
    title = f"{name_of(found, pair.second)} beside {name_of(found, pair.first)}"
    yield Section(name, 1, title, (Paragraph((Span(_intro()),)),))
    spectra = list(_spectra(place, changed, max(2, MOST_SPECTRA // len(found.pairs))))
    yield Section(f"{name}-difference", 2, "The difference matrix", (_difference(changed), *spectra))
    if any(layer.noise for layer in changed):
        yield Section(f"{name}-noise", 2, "Beside rounding", (_noise(changed),))
    if any(layer.overlap for layer in changed):
        yield Section(f"{name}-subspaces", 2, "Leading directions", (_subspaces(changed),))
    aligned = [layer for layer in changed if layer.aligned is not None]
    if aligned:
        yield Section(f"{name}-aligned", 2, "After alignment of the hidden units", (_aligned(aligned),))


def _intro() -> str:
    return (
        "D is the difference of the weights, the second network less the first. If D is like noise, no direction of it "
        "stands out; fine-tuning and adapters give a few strong directions; rounding gives noise of a known size."
    )


def _difference(layers: Sequence[LayerComparison]) -> Table:
    rows = []
    for layer in layers:
        change = layer.change
        if change is None:
            continue
        ladder = layer.ladder
        rows.append((
            Span(shown_name(layer.layer), "name"),
            Span(percent(change.relative)),
            Span(f"{number(layer.cosine)} {interval(layer.interval)}"),
            Span(f"{number(layer.rank)} of {number(min(layer.shape))}"),
            Span(number(layer.effective_rank, 3)),
            Span(f"{number(change.stable_rank, 3)} ({number(layer.gaussian_rank, 3)})"),
            Span(number(change.spikes)),
            Span(percent(ladder.random_like_share) if ladder else NONE),
            Span(percent(layer.bias_relative)),
        ))  # fmt: skip
    columns = (
        Column("Layer"), Column("Size", numeric=True), Column("Cosine of the weights", numeric=True),
        Column("Rank", numeric=True), Column("Effective rank", numeric=True),
        Column("Stable rank (of noise)", numeric=True), Column("Spikes", numeric=True),
        Column("Random-like", numeric=True), Column("Bias", numeric=True),
    )  # fmt: skip
    caption = (
        "D, audited itself. Size: ||D|| / ||A||. Rank: singular values beyond the rounding of the format. Stable rank: "
        "||D||² / s₁², in brackets that of a Gaussian matrix of D's size. Spikes: singular values beyond the edge of "
        "the bulk of a Gaussian matrix of equal norm."
    )
    return table(caption, columns, rows)


def _spectra(place: int, layers: Sequence[LayerComparison], most: int) -> Iterator[Block]:
    shown = [layer for layer in layers if layer.curve]
    shown = sorted(shown, key=lambda layer: -(layer.change.relative if layer.change else 0.0))[:most]
    kept = {id(layer) for layer in shown}
    figures = []
    for index, layer in enumerate(layers, 1):
        if id(layer) not in kept or layer.curve is None:
            continue
        caption = f"Singular values of D of {shown_name(layer.layer, 60)}, beside the law of a random matrix."
        spikes = layer.change.spikes if layer.change else 0
        caption += f" {count(layer.curve.beyond, 'value')} further right; {count(spikes, 'spike')}."
        alt = f"{caption} Rank {number(layer.rank)}."
        stem = f"pair_{place + 1:02d}_spectrum_{index:03d}"
        figures.append(Figure(stem, caption, alt, partial(draw_spectrum, layer.curve)))
    for start in range(0, len(figures), 2):
        yield TwoFigures(tuple(figures[start : start + 2]))


def _noise(layers: Sequence[LayerComparison]) -> Table:
    schemes = list(dict.fromkeys(noise.scheme for layer in layers for noise in layer.noise))
    rows = []
    for layer in layers:
        sizes = {noise.scheme: noise.relative for noise in layer.noise}
        cells = [
            Span(f"{percent(sizes[scheme])} {'<' if exceeds(layer, scheme) else '≥'} D" if scheme in sizes else NONE)
            for scheme in schemes
        ]
        explained = layer.rounding
        said = (
            f"{printable(explained.scheme, 40)}, {percent(explained.within)} within half a step"
            if explained
            else "none"
        )
        size = layer.change.relative if layer.change else None
        rows.append((Span(shown_name(layer.layer), "name"), Span(percent(size)), *cells, Span(said)))
    columns = (
        Column("Layer"), Column("Size of D", numeric=True),
        *(Column(printable(scheme, 40), numeric=True) for scheme in schemes), Column("Format that explains D"),
    )  # fmt: skip
    caption = "How much rounding the first network to usual formats would change it, and whether D is larger than that."
    return table(caption, columns, rows)


def _subspaces(layers: Sequence[LayerComparison]) -> Table:
    rows = []
    for layer in layers:
        over, change = layer.overlap, layer.change
        if over is None or change is None:
            continue
        rows.append((
            Span(shown_name(layer.layer), "name"),
            Span(number(over.directions)),
            Span(f"{percent(over.right)} ({percent(over.right_null)})"),
            Span(f"{percent(over.left)} ({percent(over.left_null)})"),
            Span(percent(change.overlap_with_change)),
        ))  # fmt: skip
    columns = (
        Column("Layer"), Column("Directions", numeric=True), Column("Inputs (independent)", numeric=True),
        Column("Outputs (independent)", numeric=True), Column("Made by D", numeric=True),
    )  # fmt: skip
    caption = (
        "How far the leading singular vectors of the two layers span one space; in brackets the 99 % quantile of "
        "independent spaces, drawn. Made by D: overlap of the second network's leading vectors with those of D."
    )
    return table(caption, columns, rows)


def _aligned(layers: Sequence[LayerComparison]) -> Table:
    rows = []
    for layer in layers:
        found = layer.aligned
        if found is None:
            continue
        rows.append((
            Span(shown_name(layer.layer), "name"),
            Span(f"{number(found.moved)} of {number(layer.shape[0])}" if found.matched is not None else "outputs stay"),
            Span(number(found.rescaled, 2)),
            Span(percent(layer.change.relative if layer.change else None)),
            Span(percent(found.relative)),
            Span(number(found.cosine)),
            Span(NONE if found.matched is None else f"{number(found.matched, 3)} ({number(found.matched_null, 3)})"),
        ))  # fmt: skip
    columns = (
        Column("Layer"), Column("Units moved", numeric=True), Column("Spread of scales", numeric=True),
        Column("Size before", numeric=True), Column("Size after", numeric=True), Column("Cosine after", numeric=True),
        Column("Matched rows (by chance)", numeric=True),
    )  # fmt: skip
    caption = (
        "Hidden units of the second network put into the order and at the scale of those of the first. Matched rows: "
        "mean cosine of units that were matched; in brackets what matching finds with the inputs in a random order."
    )
    return table(caption, columns, rows)

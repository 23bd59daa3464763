"""The methods section of a comparison, written from what ran."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.analyses.layer.random_likeness.method import method as ladder_method
from netaudit.comparing.page.method import REFERENCES
from netaudit.comparing.paper.macros import PREFIX
from netaudit.comparing.payload import Compared
from netaudit.comparing.rules import ERRORS, LOW_RANK
from netaudit.paper import citations
from netaudit.paper.macros import Macro
from netaudit.paper.methods import Methods, own_entries, text_of, written
from netaudit.paper.pieces import Piece, Pieces, template
from netaudit.report.document.formulas import formulas
from netaudit.text import number, percent, printable, sentence

_TWO = (
    "We compared <NetworkB> with <NetworkA>, layer by layer (layers of the same name and shape: <NetworkBLayers>), "
    "with "
)
_MANY = "We compared <Others> networks with <NetworkA>, layer by layer, with "
_TOOL = "netaudit <Version> [@netaudit; @KEY] (seed <Seed>, arithmetic: float64)."
_TWIN = " <NetworkA> is untrained: it has the shapes of the other network, and weights that were drawn with the seed."
_WORDS = (
    "Each layer has the word of the first rule that it satisfies. It is identical where every weight and bias is the "
    "same number. It is the same network in another order where its hidden units, matched by the assignment that "
    "maximises the sum of the cosines of their rows [@kuhn1955] because they have no order of their own "
    "[@hechtnielsen1990; @ainsworth2023], differ by at most <ThresholdSameAfterAlignment> roundings of the stored "
    "format. It is requantised where the weights lie within half a step of the grid of a number format [@nagel2021], a "
    "share of <ThresholdWithinHalfAStep> of them at least. Otherwise the word rests on the cosine of the two weight "
    "matrices, each without its mean: fine-tuned above <ThresholdRelatedAndSmall> where the change is small, unrelated "
    "below <ThresholdNoOverlap>, and retrained between. The whole interval of the cosine must lie on one side of a "
    f"limit, or else the layer is undecided; it spans {number(ERRORS)} standard deviations of independent entries on "
    "either side, by Fisher's transformation [@fisher1921]. A network has the word of the layer that changed most."
)
_DIFFERENCE = (
    "The difference of the weights of each changed layer was examined itself: its norm, its rank beyond the rounding "
    "of the stored format, its effective rank [@roy2007], its singular values beyond the bulk, and how far the leading "
    "singular vectors of both layers span one space [@bjorck1973], beside independent spaces, drawn. A rank of at most "
    f"{percent(LOW_RANK)} of the smaller side is low, as adapters give it [@hu2022]."
)
_AUDITS = (
    "The numbers of the audits of the networks were compared as well. The interval of a change joins the ends of the "
    "intervals of the two audits, so that it holds 0 where their noise alone could give the change."
)


def methods(found: Compared, fingerprint: str, macros: Sequence[Macro]) -> Methods:
    """Write the section; ``fingerprint`` is that of the JSON."""
    layers = [layer for pair in found.pairs for layer in pair.layers]
    changed = any(layer.change is not None for layer in layers)
    ladder = ladder_method() if any(layer.ladder is not None for layer in layers) else None
    references = {*REFERENCES, *(ladder.references if ladder else ())}
    keys = citations.keys(references)
    key = f"netaudit-compare-{fingerprint[:12]}"

    def cited(names: Sequence[str]) -> list[str]:
        return citations.resolve(names, references, keys)

    opening = (_TWO if len(found.pairs) == 1 else _MANY) + _TOOL.replace("KEY", key)
    opening += _TWIN if found.sides[0].kind == "twin" else ""
    paragraphs = [template(opening)]
    if any(layer.cosine is not None for layer in layers):
        paragraphs.append(template(_WORDS, cite=cited))
    if changed:
        own = f"{_DIFFERENCE} {ladder.sentence}" if ladder else _DIFFERENCE
        paragraphs.append(template(own, ladder.formulas if ladder else None, cited))
    if any(pair.metrics or pair.verdicts for pair in found.pairs):
        paragraphs.append(template(_AUDITS))
    paragraphs += _exceptions(found)
    version, seed = (text_of(macros, f"{PREFIX}{name}") for name in ("Version", "Seed"))
    files = ", ".join(side.file_sha256 or "not known" for side in found.sides)
    note = f"netaudit {version}, seed {seed}; fingerprint of compare.json {fingerprint}; SHA-256 of the files: {files}"
    title = "Comparison of " + ", ".join(printable(side.name, 60) for side in found.sides[:4])
    entries = [*own_entries(version, key, title, note), *citations.entries(references)]
    every = {**formulas(), **(ladder.formulas if ladder else {})}
    return written(tuple(paragraphs), every, macros, PREFIX, entries)


def _exceptions(found: Compared) -> list[Pieces]:
    """What must be known of how the networks were read and compared, each thing once."""
    notes = [*(note for pair in found.pairs for note in pair.notes), *(n for side in found.sides for n in side.notes)]
    said = " ".join(sentence(printable(note, 300)) for note in dict.fromkeys(notes))
    return [(Piece("text", said),)] if said else []

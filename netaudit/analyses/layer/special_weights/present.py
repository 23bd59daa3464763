"""Special weights in words."""

from __future__ import annotations

from netaudit.analyses.analysis import Place
from netaudit.analyses.layer.special_weights.payload import Kind, SpecialWeights
from netaudit.report.document.model import Method, Presentation, Span
from netaudit.text import capital, count, number, percent, sentence


def present(found: SpecialWeights, place: Place) -> Presentation:
    """A line on page one and an item in the layer's part, where there is something to say."""
    if not found.kinds:
        return Presentation()
    line = ", ".join(_words(found)[kind] for kind in _named(found))
    claims = [claim for claim, judged in (("H1", found.left < 1), ("H3", _out_of_the_matrix(found))) if judged]
    if claims:
        line += f"; {' and '.join(claims)} {'is' if len(claims) == 1 else 'are'} judged on what is left"
    return Presentation(line=line, explanation=((Span("Special weights. ", "strong"), Span(said(found))),))


def said(found: SpecialWeights) -> str:
    """What was found and what that means for the claims, in sentences."""
    line = sentence(capital("; ".join(_words(found)[kind] for kind in _named(found))))
    consequences = []
    if found.left < 1:
        consequences.append(
            f"H1 is judged on the {percent(found.left)} of the weights that are left without them."
            if found.left
            else "Nothing is left that H1 could be judged on."
        )
    if _out_of_the_matrix(found):
        consequences.append(
            "H3 and the ladder are judged on the matrix without dead, constant and repeated rows and columns, and with "
            "0 in place of single huge weights."
        )
    if "quantised" in found.kinds:
        consequences.append("H1 takes the distribution function at the middle of each level's step.")
    beyond = " and ".join(word for kind, word in _VOID.items() if kind in _named(found))
    if beyond:
        verb = "are" if " and " in beyond else "is"
        consequences.append(
            f"{beyond[0].upper()}{beyond[1:]} {verb} no random structure: H3 and H4 are read with that in mind."
        )
    return " ".join((line, *consequences))


def _out_of_the_matrix(found: SpecialWeights) -> bool:
    """Whether rows, columns or single weights were set aside, and not only the zeros of a pruned layer."""
    return any(kind.startswith(("dead", "duplicate", "constant", "heavy")) for kind in found.kinds)


_VOID: dict[Kind, str] = {
    "identity": "a fixed pattern",
    "diagonal": "a fixed pattern",
    "permutation": "a fixed pattern",
    "mask": "a fixed pattern",
    "orthogonal": "orthogonality",
    "rank_deficient": "a rank that is not full",
}


def _named(found: SpecialWeights) -> tuple[Kind, ...]:
    """The kinds without what goes without saying: an identity is orthogonal."""
    given = {"identity", "diagonal", "permutation"} & set(found.kinds)
    return tuple(kind for kind in found.kinds if not (given and kind == "orthogonal"))


def _words(found: SpecialWeights) -> dict[Kind, str]:
    levels = "" if found.levels is None else number(found.levels)
    lattice = "" if found.step is None else f" at a distance of {number(found.step, 3)}"
    return {
        "identity": "the weights are an identity matrix",
        "diagonal": "the weights are a diagonal matrix",
        "permutation": "the weights are a permutation matrix, up to a factor",
        "mask": "the weights are a mask: each is 0 or one other value",
        "dead_rows": f"{count(found.dead_rows, 'dead row')} (outputs whose weights are numerically zero)",
        "dead_columns": f"{count(found.dead_columns, 'dead column')} (inputs whose weights are numerically zero)",
        "duplicate_rows": f"{count(found.duplicate_rows, 'row')} equal to an earlier one",
        "duplicate_columns": f"{count(found.duplicate_columns, 'column')} equal to an earlier one",
        "constant_rows": f"{count(found.constant_rows, 'row')} of one constant",
        "constant_columns": f"{count(found.constant_columns, 'column')} of one constant",
        "pruned": f"pruned: {percent(found.pruned_share)} of the weights are exactly 0",
        "heavy_entries": f"{count(found.heavy_entries, 'single weight')} beyond {number(found.heavy_limit, 2)} "
        "times the size of the others in their rows and columns, large enough to make a spike alone",
        "quantised": f"quantised, {f'about {levels} levels in each row' if found.levels_by_row else f'{levels} levels'}"
        f"{lattice}",
        "orthogonal": f"the {found.orthogonal} are orthogonal to each other: an orthogonal start or constraint",
        "rank_deficient": f"rank {number(found.rank)} of {number(found.full_rank)}",
    }


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "Some weights are of a kind of which no law of random entries speaks. They are named first, and H1, H3 and "
            "the ladder are judged on what is left; the singular values are those of the matrix with the zeros of a "
            "pruned layer, and with 0 in place of a heavy weight. H4 is about the layer as it works, and leaves out "
            "dead rows and columns only. *Dead* rows and columns have no entry above a millionth of the largest entry "
            "of the median row; *duplicates* are exactly equal to an earlier row; weights are *pruned* where at least "
            "four times as many are exactly 0 as take the value next to it; a single weight is *heavy* where it alone "
            "makes a spike: beyond the root mean square of its row and column, taken from mean absolute values, times "
            "the fourth root of the number of weights, so that the units' scales do not count; "
            "*quantised* weights take at most 256 values, each four times on average, or lie on a lattice; rows are "
            "*orthogonal* where {A} times its transpose is diagonal up to a hundredth.",
        ),
        sentence=(
            "Weights of which no law of random entries speaks (dead, duplicate, pruned, heavy and quantised ones) "
            "were named first and set aside where a claim is about the entries."
        ),
    )

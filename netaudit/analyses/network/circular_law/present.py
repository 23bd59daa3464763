"""The eigenvalues of recurrent matrices in words, one table and a figure a cell."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from netaudit.analyses.analysis import SHORT, Place
from netaudit.analyses.network.circular_law.figure import draw
from netaudit.analyses.network.circular_law.payload import CircularLaws, RecurrentMatrix, Verdict
from netaudit.report.document.model import Block, Column, Figure, Method, Paragraph, Presentation, Span, Table
from netaudit.report.document.numbering import table
from netaudit.text import number, sentence, shown_name

DRAWN = 2
"""Cells with a figure."""
WORDS: dict[Verdict, str] = {
    "circular": "fills the disc",
    "orthogonal": "orthogonal",
    "other": "not as random",
    "undecided": "undecided",
}
_WHAT = (
    "The eigenvalues of a random matrix fill a disc evenly: the circular law. A recurrent matrix that was learned may "
    "have some eigenvalues beyond the disc, along which it keeps or changes what the state holds, or another shape "
    "altogether. Each recurrent matrix is compared with Gaussian matrices of its size. The eigenvalues are those of "
    "the weights alone; how fast a cell forgets also depends on its gates, which the fixed points look at."
)


def present(found: CircularLaws, place: Place) -> Presentation:
    """What is compared, the table, and the figures of the first cells."""
    blocks: list[Block] = []
    if found.matrices:
        blocks += [Paragraph((Span(_WHAT),)), Paragraph((Span(words(found)),)), _table(found)]
        cells = [list(group) for _, group in groupby(found.matrices, key=lambda matrix: matrix.cell)]
        blocks += [_figure(matrices, at) for at, matrices in enumerate(cells[:DRAWN], start=1)]
    for one in found.left_out:
        what = f"{shown_name(one.cell)}{f', {one.gate}' if one.gate else ''} was not looked at: {one.why}"
        blocks.append(Paragraph((Span(sentence(what)),)))
    return Presentation(blocks=tuple(blocks))


def words(found: CircularLaws) -> str:
    """How many matrices are as random ones, and how many have outliers."""
    total = len(found.matrices)
    parts = []
    for verdict, clause in (
        ("circular", "as those of a random matrix"),
        ("orthogonal", "as those of an orthogonal matrix"),
        ("other", "not as those of a random matrix"),
        ("undecided", "undecided"),
    ):
        n = sum(matrix.verdict == verdict for matrix in found.matrices)
        if n:
            parts.append(f"{number(n)} {clause}")
    beyond = sum(matrix.outliers > 0 for matrix in found.matrices)
    outside = f"{number(beyond)} of them {'has' if beyond == 1 else 'have'}" if beyond else "None of them has"
    matrices = "recurrent matrix" if total == 1 else "recurrent matrices"
    return (
        f"The eigenvalues of {number(total)} {matrices} were compared: {', '.join(parts)}. {outside} eigenvalues "
        "beyond the disc."
    )


def _table(found: CircularLaws) -> Table:
    columns = [Column("Cell", wide=True), Column("Gate"), Column("Eigenvalues")]
    columns += [
        Column(title, numeric=True)
        for title in ("n", "Distance", "Tolerated", "Normality", "Beyond", "Largest", "Real")
    ]
    rows = [
        (
            Span(shown_name(matrix.cell), "name"),
            Span(matrix.gate),
            Span(WORDS[matrix.verdict]),
            Span(number(matrix.size)),
            Span(number(matrix.distance, 3)),
            Span(number(matrix.limit, 3)),
            Span(f"{number(matrix.normality, 3)} ({number(matrix.limits[0], 2)} to {number(matrix.limits[1], 2)})"),
            Span(number(matrix.outliers)),
            Span(f"{number(matrix.largest, 3)} ({number(matrix.radius, 3)})"),
            Span(f"{number(matrix.real)} ({' to '.join(number(one) for one in matrix.real_of_gaussians)})"),
        )
        for matrix in found.matrices
    ]
    caption = (
        "Eigenvalues of recurrent matrices of n rows. Distance: of their squared moduli from those of Gaussian "
        "matrices (Kolmogorov-Smirnov). Normality: 1 where the eigenvectors are orthogonal, 0.5 of a Gaussian matrix; "
        "in brackets what is tolerated. Beyond: eigenvalues larger than any of a Gaussian matrix. Largest: the largest "
        "modulus over the radius of the disc; in brackets that of Gaussian matrices. Real: eigenvalues on the real "
        "axis; in brackets those of a Gaussian matrix."
    )
    return table(caption, columns, rows)


def _figure(matrices: list[RecurrentMatrix], at: int) -> Figure:
    name = shown_name(matrices[0].cell, SHORT)
    caption = f"Eigenvalues of the recurrent matrices of {name}, in units of the radius of the disc."
    told = "; ".join(f"{one.gate}: {WORDS[one.verdict]}, {number(one.outliers)} beyond" for one in matrices)
    wide = len(matrices) > 1
    return Figure(f"circular_law_{at:03}", caption, f"{caption} {told}.", partial(draw, matrices), wide=wide)


def method() -> Method:
    """The law, the rule with its thresholds, and what is not compared."""
    return Method(
        (
            "The eigenvalues of an n × n matrix of independent entries with mean 0 and standard deviation σ fill the "
            "disc of radius σ√n evenly as n grows, whatever the law of the entries (Tao, Vu and Krishnapur 2010). At a "
            "finite n some lie beyond it, so that a recurrent matrix is compared with Gaussian ones of its size: 999 "
            "draws up to 64 rows, 199 up to 128, 49 up to 256, 19 up to 512. Its eigenvalues *fill the disc* where two "
            "figures lie within their tolerances, each with the noise of the draws on either side: the "
            "Kolmogorov-Smirnov distance "
            "of their squared moduli from those of the draws (0.05), and the normality, the sum of the squared moduli "
            "over the sum of the squared entries (0.05 about 1/2), both without the eigenvalues that lie beyond every "
            "draw where these are at most a twentieth; each tolerance is at least twice the noise. Where a figure lies "
            "outside with all of its noise, the matrix is *not as random*; where all its singular values are equal "
            "within 1 percent it is *orthogonal*, as some networks start. The order of the units changes no "
            "eigenvalue. The signs of the units, which a cell with tanh or a GRU may change without changing what it "
            "computes, change none of the matrix of a simple cell, of a GRU's new gate or of an LSTM's cell gate, but "
            "those of the other gates.",
        ),
        references=(
            "T. Tao, V. Vu and M. Krishnapur (2010). Random matrices: universality of ESDs and the circular law. "
            "Annals of Probability 38(5), 2023–2065.",
        ),
        sentence=(
            "The eigenvalues of each square recurrent matrix were compared with the circular law [@tao2010], by means "
            "of Gaussian matrices of its size."
        ),
    )

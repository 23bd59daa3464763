"""The words with their rules, the method, and where the numbers come from."""

from __future__ import annotations

from netaudit.comparing.payload import FORMAT_VERSION, Compared
from netaudit.comparing.rules import ERRORS, LOW_RANK, RULES, WORDS
from netaudit.report.document.model import Block, Column, Items, Paragraph, Section, Span
from netaudit.report.document.numbering import facts, table
from netaudit.text import NONE, flat, number, percent, plain, printable


def method() -> Section:
    """How the words are found, in the order in which the rules are tried."""
    rows = [
        (
            Span(WORDS[rule.word]),
            Span(rule.name.replace("_", " ")),
            Span(rule.asks),
            Span(NONE if rule.threshold is None else number(rule.threshold)),
        )
        for rule in RULES
    ]
    columns = (Column("Word"), Column("Rule"), Column("What must hold", wide=True), Column("Threshold", numeric=True))
    said = [
        f"The interval of a cosine is {number(ERRORS)} standard deviations of the cosine of independent entries on "
        "either side, by Fisher's transformation (Metron 1, 1921, 3). That deviation is computed for random signs on "
        "the layer's own entries.",
        "A network has the word of the layer that changed most. Where some layers are unrelated and others are not, "
        "the unrelated ones were replaced, and the word is that of the others.",
        f"A change has a low rank where at most {percent(LOW_RANK)} of its singular values are larger than the "
        "rounding of the format in which the weights are stored can make.",
        "Spikes, rungs and the random-like share of a change are found as an audit finds those of a layer.",
        "How often each word is right, and how often it is given falsely, is measured in reports/comparison of the "
        "project.",
    ]
    blocks: tuple[Block, ...] = (
        table("The rules in the order in which they are tried.", columns, rows),
        Items(tuple((Span(each),) for each in said)),
        Paragraph((Span("References: " + " ".join(REFERENCES), "soft"),)),
    )
    return Section("method", 1, "The words and their rules", blocks)


def provenance(found: Compared, fingerprint: str) -> Section:
    """Everything needed to get the same numbers again."""
    sides = [
        (
            Span(printable(side.name), "name"),
            Span(printable(side.kind, 20)),
            Span(printable(side.weights or NONE, 80), "name"),
            Span(side.has),
            Span(printable(side.file_sha256 or NONE, 80), "name"),
        )
        for side in found.sides
    ]
    columns = (Column("Network"), Column("Kind"), Column("File"), Column("Compared"), Column("SHA-256 of the file"))
    pairs: list[tuple[str, str | Span]] = [
        ("SHA-256 of compare.json", Span(fingerprint, "name")),
        ("Format of compare.json", f"version {number(FORMAT_VERSION)}"),
        ("Arithmetic", "float64"),
        ("Threads", f"{plain(found.threads)} (in another number the last digits differ)"),
        *flat(found.settings),
        *flat(found.versions, "version."),
    ]
    blocks: tuple[Block, ...] = (table("The networks.", columns, sides), facts(pairs))
    return Section("provenance", 1, "Provenance", blocks)


REFERENCES: tuple[str, ...] = (
    "S. K. Ainsworth, J. Hayase and S. Srinivasa (2023). Git Re-Basin: merging models modulo permutation symmetries. "
    "ICLR, arXiv:2209.04836.",
    "Å. Björck and G. H. Golub (1973). Numerical methods for computing angles between linear subspaces. Mathematics of "
    "Computation 27, 579–594.",
    "R. A. Fisher (1921). On the probable error of a coefficient of correlation deduced from a small sample. Metron 1, "
    "3–32.",
    "R. Hecht-Nielsen (1990). On the algebraic structure of feedforward network weight spaces. Advanced Neural "
    "Computers, North-Holland.",
    "E. J. Hu, Y. Shen, P. Wallis, Z. Allen-Zhu, Y. Li, S. Wang, L. Wang and W. Chen (2022). LoRA: low-rank adaptation "
    "of large language models. ICLR, arXiv:2106.09685.",
    "H. W. Kuhn (1955). The Hungarian method for the assignment problem. Naval Research Logistics Quarterly 2, 83–97.",
    "M. Nagel, M. Fournarakis, R. A. Amjad, Y. Bondarenko, M. van Baalen and T. Blankevoort (2021). A white paper on "
    "neural network quantization. arXiv:2106.08295.",
    "O. Roy and M. Vetterli (2007). The effective rank: a measure of effective dimensionality. European Signal "
    "Processing Conference 15, 606–610.",
)
"""What the words and the numbers of a difference rest on."""

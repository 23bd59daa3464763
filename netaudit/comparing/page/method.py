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
    references = [
        "R. Hecht-Nielsen (1990). On the algebraic structure of feedforward network weight spaces.",
        "S. Ainsworth, J. Hayase and S. Srinivasa (2023). Git Re-Basin. arXiv:2209.04836.",
        "E. J. Hu et al. (2022). LoRA. arXiv:2106.09685.",
        "M. Nagel et al. (2021). A white paper on neural network quantization. arXiv:2106.08295.",
        "A. Bjorck and G. Golub (1973). Math. Comp. 27, 579. Angles between subspaces.",
    ]
    blocks: tuple[Block, ...] = (
        table("The rules in the order in which they are tried.", columns, rows),
        Items(tuple((Span(each),) for each in said)),
        Paragraph((Span("References: " + " ".join(references), "soft"),)),
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

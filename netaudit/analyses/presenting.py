"""What the claims have in common when they are presented: the verdict with its note, its rule and its null."""

from __future__ import annotations

from dataclasses import dataclass

from netaudit.report.document.model import Span, Spans
from netaudit.results.payload import Finding
from netaudit.text import capital, count, number, percent, sentence, size
from netaudit.vocabulary import VERDICT_WORDS, Verdict

WIDENED = "; widened to twice the range of Gaussian layers of this shape, for a small layer"
"""What the origin of a tolerance says where a small layer widened it."""


def of_what_is_left(share: float | None) -> str:
    """What a claim's note says where special weights were set aside, as a sentence.

    >>> of_what_is_left(0.93)
    'Special weights are set aside first: this is of the 93% that are left.'
    """
    return f"Special weights are set aside first: this is of the {percent(share)} that are left."


@dataclass(frozen=True)
class RuleWords:
    """A rule as the report prints it."""

    name: str
    statement: str
    """The whole rule, with the metrics by their labels and the tolerances after any widening."""
    origin: str
    """Where the tolerance comes from."""


def verdict_span(verdict: Verdict) -> Span:
    """Symbol, word and colour of a verdict."""
    return Span(VERDICT_WORDS[verdict], verdict)


def explain(title: str, finding: Finding, note: str, rule: RuleWords | None, gaussian_null: str = "") -> Spans:
    """The item that says why a claim got its verdict.

    Args:
        title: of the claim.
        finding: its payload.
        note: what was found, in sentences.
        rule: the rule in words, None where nothing was judged.
        gaussian_null: how the Gaussian null was drawn, as a clause such as "Gaussian layer, same grid".
    """
    spans = [Span(f"{title} ", "strong"), verdict_span(finding.verdict)]
    note = finding.note or note
    if note:
        spans.append(Span(". " + sentence(capital(note))))
    parts = []
    if rule is not None:
        parts += [
            sentence(f"Rule “{rule.name}”: {rule.statement}"),
            sentence(f"Origin of the tolerance: {rule.origin}"),
        ]
    for null in finding.nulls:
        if null.statistic == finding.statistic and null.kind == "gaussian":
            where = f" of shape {size(null.shape)}" if null.shape else ""
            median = f", median {number(null.median)}" if null.median is not None else ""
            parts.append(sentence(f"Gaussian null: {count(null.draws, 'draw')}{where} ({gaussian_null}){median}"))
    if parts:
        spans.append(Span((" " if note else ". ") + " ".join(parts), "soft"))
    return tuple(spans)

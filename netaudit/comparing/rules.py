"""The words for a change, and the rule behind each: its name, its statistic and its threshold.

The study of comparisons (reports/comparison) measures how often each rule is right. A rule looks at an effect size, not
at a p-value: with a million weights everything is significant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Word = Literal["identical", "same_reordered", "requantised", "fine_tuned", "retrained", "unrelated", "undecided"]
WORDS: dict[Word, str] = {
    "identical": "● identical",
    "same_reordered": "● same network, units in another order",
    "requantised": "○ requantised",
    "fine_tuned": "▲ fine-tuned",
    "retrained": "▲ retrained",
    "unrelated": "× unrelated",
    "undecided": "– undecided",
}
"""A word as it is printed: a symbol and the word, never a colour alone. They are in the order of growing change."""
CHANGED: tuple[Word, ...] = ("requantised", "fine_tuned", "retrained", "unrelated")
"""What ``--fail-on changed`` means: the network computes something else, or may."""

_SAME: tuple[Word, ...] = ("identical", "same_reordered", "requantised")

RELATED = 0.9
"""Cosine of the weights above which most of a layer is what it was: 0.9 is four fifths of the squared norm. Convention
of netaudit; ten steps of fine-tuning keep 0.999, and the study has the rest."""
SMALL_CHANGE = 0.5
"""Largest ||D|| / ||A|| of a fine-tuned layer. At equal norms a cosine of 0.9 is a change of 0.45."""
UNRELATED = 0.1
"""Cosine below which two layers share nothing that counts: a hundredth of the squared norm. Layers that were trained
apart stay below it, and those of one start above (reports/comparison)."""
ERRORS = 3.0
"""Half width of the cosine's interval, in standard deviations of the cosine of independent entries."""
WITHIN = 0.999
"""Share of the weights that must lie within half a step of what they were: a clipped tail is allowed for."""
SAME_IN = 4.0
"""Largest ||D|| / ||A|| after alignment, in roundings of the coarser of the two formats, for the same network: scales
that are multiplied in and out again round twice on either side."""
LOW_RANK = 0.1
"""Largest rank of a low-rank change, as a share of the smaller side: LoRA's usual ranks of 4 to 64 are a tenth of 40 to
640 (E. J. Hu et al., arXiv:2106.09685, use 1 to 64 at widths of 768 to 12,288)."""


@dataclass(frozen=True)
class Rule:
    """How a word is found."""

    name: str
    word: Word
    asks: str
    """What must hold, in words, with the threshold."""
    threshold: float | None = None


RULES: tuple[Rule, ...] = (
    Rule("every_number_equal", "identical", "Every weight and every bias is the same number, whatever the format."),
    Rule(
        "same_after_alignment", "same_reordered",
        f"Hidden units are put in order and rescaled; then the change is at most {SAME_IN:g} roundings of the format.",
        SAME_IN,
    ),
    Rule(
        "within_half_a_step", "requantised",
        f"One of the two lies on the grid of a number format, and {WITHIN:.1%} of the weights of the other lie within "
        "half a step of it.",
        WITHIN,
    ),
    Rule("only_the_bias", "fine_tuned", "Every weight is the same number, and a bias is not."),
    Rule(
        "related_and_small", "fine_tuned",
        f"The cosine is above {RELATED:g} with its whole interval, and the change is at most {SMALL_CHANGE:g} of the "
        "norm.",
        RELATED,
    ),
    Rule(
        "related_and_large", "retrained",
        f"The cosine is above {UNRELATED:g} with its whole interval, and below {RELATED:g} or the change is above "
        f"{SMALL_CHANGE:g} of the norm: one start, and another way from there.",
        UNRELATED,
    ),
    Rule("no_overlap", "unrelated", f"The cosine is below {UNRELATED:g} with its whole interval.", UNRELATED),
    Rule("interval_over_a_limit", "undecided", "The interval of the cosine lies across a limit."),
    Rule("not_comparable", "undecided", "The weights are not finite, are constant, or are not there."),
)  # fmt: skip
RULE = {rule.name: rule for rule in RULES}


def by_cosine(interval: tuple[float, float], relative: float) -> str:
    """The name of the rule that the cosine's interval and the relative size of the change satisfy.

    >>> by_cosine((0.99, 1.0), 0.01), by_cosine((0.5, 0.6), 0.9)
    ('related_and_small', 'related_and_large')
    >>> by_cosine((-0.01, 0.01), 1.4), by_cosine((0.05, 0.2), 1)
    ('no_overlap', 'interval_over_a_limit')
    """
    low, high = interval
    if low >= RELATED and relative <= SMALL_CHANGE:
        return "related_and_small"
    if high <= UNRELATED:
        return "no_overlap"
    if low >= UNRELATED and (high <= RELATED or relative > SMALL_CHANGE):
        return "related_and_large"
    return "interval_over_a_limit"


def of_network(layers: Sequence[tuple[Word, str]]) -> Word:
    """The word for a whole network, from the words of its layers and the rules behind them.

    It is that of the largest change. Layers that are unrelated where others are not were replaced: the word is that of
    the others, but at least "fine-tuned", and the page names them. A layer that is undecided between two kinds of
    change did change; one that cannot be compared leaves open whether the network is the same.

    >>> of_network([("identical", "every_number_equal"), ("undecided", "interval_over_a_limit")])
    'fine_tuned'
    >>> of_network([("identical", "every_number_equal"), ("undecided", "not_comparable")])
    'undecided'
    >>> of_network([("retrained", "related_and_large"), ("unrelated", "no_overlap")])
    'retrained'
    """
    order = list(WORDS)
    told = sorted({word for word, _ in layers if word != "undecided"}, key=order.index)
    unsure = {rule for word, rule in layers if word == "undecided"}
    if not told:
        return "undecided"
    most = told[-1] if told[-1] != "unrelated" or len(told) == 1 else told[-2]
    changed = told[-1] == "unrelated" or "interval_over_a_limit" in unsure
    if most in _SAME and changed:
        return "fine_tuned"
    return "undecided" if most in _SAME and unsure else most


def in_words(word: Word) -> str:
    """The word without its symbol.

    >>> in_words("fine_tuned")
    'fine-tuned'
    """
    return WORDS[word].partition(" ")[2]

"""The words that a newcomer needs."""

from __future__ import annotations

from netaudit.report.document.model import Items, Section
from netaudit.report.document.prose import prose


def glossary() -> Section:
    """Build the section."""
    return Section("words", 1, "Words", (Items(tuple(map(prose, _WORDS))),), small=True)


_WORDS = (
    "*Fully connected layer*: every output is a weighted sum of all inputs plus a constant, its bias. Its weights are "
    "a matrix with a row for each output.",
    "*Matrix of a recurrent cell*: a cell reads a sequence step by step and keeps a state. Each of its gates has one "
    "matrix for the input of a step and one for the state; each is audited as a layer of its own.",
    "*Random-like*: a layer whose weights look as if they had been drawn at random, independently of each other. What "
    "is learnt shows as a difference from that.",
    "*Initialisation*: the random numbers that a layer starts from, before training.",
    "*Gaussian*: the bell-shaped distribution of random numbers that theorems on random networks assume.",
    "*Singular values*: by how much a matrix stretches its principal directions. Those of a random matrix follow a "
    "known curve, the Marchenko-Pastur law.",
    "*Spike*: a singular value larger than those of random noise; its direction carries structure.",
    "*Shadow*: a guess of a layer's input, made from its output by the transposed weights; run in reverse, the layer "
    "computes it. For a random layer it is known how good the guess is.",
    "*Tolerance*: how far a statistic may differ from that of a random layer before a claim fails. It is a convention, "
    "stated beside every verdict.",
    "*Interval*: the values that the noise of a statistic allows for. A claim holds if all of the interval is "
    "tolerated, fails if none of it is, and is undecided otherwise.",
    "*Null*: the same statistic of matrices without structure, to compare with.",
    "*KS distance*: the largest difference between two distribution functions (Kolmogorov-Smirnov), from 0 to 1.",
)

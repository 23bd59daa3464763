"""The ladder's part of the method."""

from __future__ import annotations

from netaudit.report.document.model import Method


def method() -> Method:
    """How the rungs are judged."""
    return Method(
        (
            "What has to be set aside before a random matrix is left? The *rungs*, each compared with the "
            "Marchenko-Pastur law of what is left: *as drawn*, {A} without its mean; *up to unit scales*, every row "
            "and column scaled to one mean square (Landa, Zhang and Kluger 2022), which undoes the scale that a ReLU "
            "unit can take from its inputs and give to its outputs; *up to directions*, also without r singular "
            "vectors; *locally*, only the ratio of neighbouring spacings (Atas and others 2013) and the spread of the "
            "singular vectors (Porter and Thomas 1956) are those of a random matrix. A rung holds if no singular value "
            "lies beyond the edge of the noise and the Kolmogorov-Smirnov distance with its noise is within the "
            "tolerance. The first rung that holds is the answer; the *random-like share* is what its bulk holds of the "
            "squared scaled weights. Where none holds, the answer is *undecided* if a rung is, or if the local one "
            "could not be judged, and *none* otherwise.",
            "*Scales and directions are found by turns.* The level of the noise, by the median of the bulk, and the "
            "number of values beyond its edge are solved for together; the scales are taken again from the squares of "
            "what is left without these directions, each divided by what its row and its column have left of their "
            "leverage; the number may at most double from turn to turn; and this goes on until it stands. The mean is "
            "not removed first: it is one of the directions, since a network and its rescaled twin would otherwise "
            "differ. Scaling lowers the largest singular value of noise, so that the edge is tabulated for scaled "
            "matrices. The *lower bound* counts what lies beyond the same matrix with random signs (Hong, Sheng and "
            "Dobriban 2020).",
        ),
        references=(
            "Y. Y. Atas, E. Bogomolny, O. Giraud and G. Roux (2013). Distribution of the ratio of consecutive level "
            "spacings in random matrix ensembles. Physical Review Letters 110, 084101.",
            "D. Hong, Y. Sheng and E. Dobriban (2020). Selecting the number of components in PCA via random signflips. "
            "arXiv:2012.02985.",
            "B. Landa, T. T. C. K. Zhang and Y. Kluger (2022). Biwhitening reveals the rank of a count matrix. SIAM "
            "Journal on Mathematics of Data Science 4, 1420–1446.",
            "C. E. Porter and R. G. Thomas (1956). Fluctuations of nuclear reaction widths. Physical Review 104, "
            "483–491.",
        ),
    )

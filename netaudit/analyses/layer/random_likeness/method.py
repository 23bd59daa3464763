"""The ladder's part of the method."""

from __future__ import annotations

from netaudit.report.document.model import Equation, Method


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
            "*A profile of variances.* Independent weights need not have variances that are products of a row's and a "
            "column's. Where unit scales exist, this makes no difference: scaled, the rows and columns of the profile "
            "{S} have the mean 1, the equations below are solved by one number for all rows and one for all columns, "
            "and the law is Marchenko and Pastur's. So the rung *up to unit scales* stands for every profile of "
            "variances, and a layer that fails it with its directions left out has none. A layer with blocks or a "
            "triangle of zeros may have no unit scales. Its rows and columns are then scaled alike as far as they can "
            "be, a profile of 1 to 12 components is fitted to the squares (Lee and Seung 2001; Boutsidis and "
            "Gallopoulos 2008), their number by held-out entries, and its singular values, with u = s / √N, are "
            "compared with the law of this profile (Hachem, Loubaton and Najim 2007; Ajanki, Erdős and Krüger 2017), "
            "at every height of z above the real axis the one solution with positive imaginary parts of",
            Equation("profile_law"),
            "where i counts the smaller side. The noise of the distance is that of 9 to 49 matrices drawn from the "
            "profile, each with a profile estimated again; of a large layer a random part of 131,072 weights is "
            "judged. The answer stands beside the rungs and changes none.",
        ),
        references=(
            "O. Ajanki, L. Erdős and T. Krüger (2017). Universality for general Wigner-type matrices. Probability "
            "Theory and Related Fields 169, 667–727.",
            "Y. Y. Atas, E. Bogomolny, O. Giraud and G. Roux (2013). Distribution of the ratio of consecutive level "
            "spacings in random matrix ensembles. Physical Review Letters 110, 084101.",
            "C. Boutsidis and E. Gallopoulos (2008). SVD based initialization: a head start for nonnegative matrix "
            "factorization. Pattern Recognition 41, 1350–1362.",
            "W. Hachem, P. Loubaton and J. Najim (2007). Deterministic equivalents for certain functionals of large "
            "random matrices. Annals of Applied Probability 17, 875–930.",
            "D. Hong, Y. Sheng and E. Dobriban (2020). Selecting the number of components in PCA via random signflips. "
            "arXiv:2012.02985.",
            "B. Landa, T. T. C. K. Zhang and Y. Kluger (2022). Biwhitening reveals the rank of a count matrix. SIAM "
            "Journal on Mathematics of Data Science 4, 1420–1446.",
            "D. D. Lee and H. S. Seung (2001). Algorithms for non-negative matrix factorization. Advances in Neural "
            "Information Processing Systems 13, 556–562.",
            "A. B. Owen and P. O. Perry (2009). Bi-cross-validation of the SVD and the nonnegative matrix "
            "factorization. Annals of Applied Statistics 3, 564–594.",
            "C. E. Porter and R. G. Thomas (1956). Fluctuations of nuclear reaction widths. Physical Review 104, "
            "483–491.",
        ),
        sentence=(
            "What has to be set aside before a random matrix is left was found by scaling rows and columns to equal "
            "mean squares [@landa2022] and by leaving out the directions beyond the edge of the noise; a lower bound "
            "on their number comes from random signs [@hong2020]."
        ),
    )

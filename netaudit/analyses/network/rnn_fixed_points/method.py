"""The method of the fixed points: the rule with its thresholds, and where they come from."""

from __future__ import annotations

from netaudit.report.document.model import Method


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "A recurrent cell is a map that is applied again and again: the state h becomes F(h, x) with the next "
            "input x. While x is held, h is a *fixed point* where F(h, x) = h, and a *slow point* where half the "
            "squared length q of F(h, x) − h is small (Sussillo and Barak 2013). From states along sequences of "
            "inputs q goes down by Adam; the cell also runs by itself from each; distinct ends are polished by "
            "Newton steps with least squares. What leaves the states by more than ten times their mean distance "
            "from their centre is dropped, and points within 0.001 of each other are one. A search from starts is "
            "not proved to find all points. Without real sequences the cell is driven by Gaussian noise of unit "
            "variance: then the states are the cell's own, but not those of its task, and the length that the "
            "rule speaks of is that of the noise.",
            "A small difference along an eigenvector of the Jacobian of F, with the eigenvalue λ, fades by the factor "
            "e in 1 / |ln |λ|| steps, its *time constant*; a point is stable where all |λ| < 1. A network that adds "
            "up evidence needs a line of points along which nothing fades (Maheswaranathan and others 2019). The rule "
            "says *line attractor* where the slow points have at least 0.9 of their variance on one axis, the median "
            "slowest time constant is at least half the length of a sequence and at least twice the next, and the "
            "next is below half the length of a sequence, each with its whole 95% interval (a bootstrap over the slow "
            "points); and where the first three figures are above what three kinds of cells reach that have not "
            "learned: the cell as PyTorch initialises it, with the entries of each gate's recurrent matrix in random "
            "order, and with Gaussian ones of equal norm. Below a tenth of a sequence it never says so. Else two and "
            "more stable fixed points are *point attractors*, and one fixed point is a *single fixed point*; where "
            "only intervals stand against a line, or nothing of this fits, the answer is *undecided*. The thresholds "
            "are netaudit's: 0.9 leaves a tenth of the variance beside the line; with half a sequence, evidence at "
            "the beginning still counts e^−2, an eighth, at the end. A line has one slow mode: twice the next tells "
            "it from a plane of two equal ones, and a next mode that is itself short from a plane of two unequal "
            "ones.",
        ),
        references=(
            "N. Maheswaranathan, A. Williams, M. D. Golub, S. Ganguli and D. Sussillo (2019). Reverse engineering "
            "recurrent networks for sentiment classification reveals line attractor dynamics. NeurIPS. "
            "arXiv:1906.10720.",
            "D. Sussillo and O. Barak (2013). Opening the black box: low-dimensional dynamics in high-dimensional "
            "recurrent neural networks. Neural Computation 25(3), 626–649.",
        ),
        sentence=(
            "Fixed and slow points of each recurrent cell were searched for from states along sequences "
            "[@sussillo2013], and a line attractor was judged as Maheswaranathan and others describe it "
            "[@maheswaranathan2019], beside cells that have not learned."
        ),
    )

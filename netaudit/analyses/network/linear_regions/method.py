"""What the method says of pieces, flips and their null."""

from __future__ import annotations

from netaudit.report.document.model import Method


def method() -> Method:
    """Its part of the method."""
    return Method(
        (
            "A head with ReLU is a *piecewise-linear* function of its input. Along a segment from one input to another "
            "every place at which a neuron changes its state is computed exactly, layer by layer (Sotoudeh and Thakur "
            "2019): between two places found so far the pre-activation of a neuron of the next layer is a straight "
            "line, so that its zero is solved for. The pieces between these places are counted, not sampled. *K* is "
            "the least number of straight pieces, which need not join, whose distance from the logit is nowhere more "
            "than a share of its range: each piece of a sweep from one end reaches as far as it can, which is optimal. "
            "Where the head has a single layer, as that of a residual network, the same is done for the whole network, "
            "if all its operations are piecewise linear: of its neurons, whose inputs come through convolutions and "
            "additions, no law is asked.",
            "A neuron with independent Gaussian weights and no bias differs at the two ends of a segment with "
            "probability θ / π, where θ is the angle between its two inputs; with a bias the probability is that of "
            "two quadrants of a bivariate Gaussian (Owen 1956). Each layer is compared with this law *on its own "
            "inputs*, so that what lies below it does not count, and with its own weights in random places. Neurons "
            "that look alike flip together: then their number varies more from segment to segment than that of "
            "independent neurons, which the dispersion measures.",
            "The verdict sets the dispersion over all kinds of segments beside that of 199 random layers: Gaussian "
            "weights with the layer's mean and standard deviation, its biases, and its own inputs, so that the null is "
            "exact but for these two estimates. The *excess* is the root mean square difference of the flips from "
            "those expected, beyond the noise of independent neurons, in the flips expected. A layer *fails* if its "
            "dispersion is above that of all random layers and its excess above 5%; it *holds* if neither its excess "
            "nor the largest one of the random layers is above 5%; it is *undecided* otherwise, as narrow layers are. "
            "The verdict is about the inputs at hand: trained layers as a rule fail it. Pieces grow with the number "
            "of neurons in random and trained networks, far below what depth would allow (Hanin and Rolnick 2019).",
        ),
        references=(
            "M. Sotoudeh and A. V. Thakur (2019). Computing linear restrictions of neural networks. NeurIPS. "
            "arXiv:1908.06214.",
            "B. Hanin and D. Rolnick (2019). Complexity of linear regions in deep networks. ICML. arXiv:1901.09021.",
            "D. B. Owen (1956). Tables for computing bivariate normal probabilities. Annals of Mathematical Statistics "
            "27, 1075–1090.",
        ),
        sentence=(
            "The linear pieces that the head cuts segments between inputs into were computed exactly [@sotoudeh2019] "
            "and compared with those of random weights [@owen1956]."
        ),
    )

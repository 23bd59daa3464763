"""The method: what each claim means, with its formula, and how to read a verdict."""

from __future__ import annotations

from netaudit.report.document.formulas import prose
from netaudit.report.document.model import Block, Equation, Items, Paragraph, Run, Section


def method() -> list[Section]:
    """The method's sections. The same in every report."""
    return [
        _section("method", 1, "5 Method", *_SETTING),
        _section("method-gaussian-weights", 2, "5.1 Gaussian weights (H1)", *_GAUSSIAN),
        _section("method-constant-bias", 2, "5.2 Constant bias (H2)", *_BIAS),
        _section("method-singular-law", 2, "5.3 Singular value law (H3)", *_SPECTRUM),
        _section("method-shadow-inversion", 2, "5.4 Shadow inversion (H4)", *_SHADOW),
        _section("method-stack", 2, "5.5 The stack", *_STACK),
        _section("method-hidden-units", 2, "5.6 Hidden units", *_UNITS),
        _section("method-other-tools", 2, "5.7 What other tools report", *_OTHER_TOOLS),
        _section("method-verdicts", 2, "5.8 How to read a verdict", Items(tuple(map(prose, _VERDICTS)))),
        _section("references", 2, "References", Items(tuple((Run(entry),) for entry in _REFERENCES))),
    ]


def _section(identifier: str, level: int, title: str, *blocks: str | Block) -> Section:
    return Section(identifier, level, title, tuple(Paragraph(prose(b)) if isinstance(b, str) else b for b in blocks))


_SETTING: tuple[str | Block, ...] = (
    "A fully connected layer with ReLU computes",
    Equation("layer"),
    "where {shape}, {relu} entry by entry, and {sigma2} is the variance of the entries of {A}. The random-like nets "
    "hypothesis of Arora, Liang and Ma (2015) says that such a layer of a trained network behaves as if {A} had been "
    "drawn at random. If so, the layer can be run in reverse: its output {h} gives back a shadow {x} of its input, "
    "and {x} sent forward gives back {h}. Four claims are judged, each for itself. H3 and H4 are judged on "
    "{centred}, because a mean of a twentieth of {sigma} alone would spoil them; the same figures of {A} as stored "
    "stand beside.",
)

_GAUSSIAN: tuple[str | Block, ...] = (
    "The entries of {A} fit a Gaussian. With {F} the distribution of the entries after removing their mean and "
    "dividing by their standard deviation, and {Phi} the standard normal distribution, the distances are",
    Equation("distances"),
    "A p-value would reject every real layer at a million weights and more. The distance is an effect size: it "
    "does not grow with the layer. Beside it, Gaussian, uniform, Laplace and Student-t distributions are fitted to the "
    "binned weights, exact zeros left out, by maximum likelihood with the Bayesian information criterion's penalty; "
    "the gain over the Gaussian, per weight, does not grow with the layer either.",
)

_BIAS: tuple[str | Block, ...] = (
    "The biases of the gates are essentially constant: {bias_rule}. With real inputs their spread is compared with the "
    "scale of the pre-activations, {preactivation}, instead. Without inputs, biases near zero cannot be told from "
    "constant ones, and the verdict is undecided.",
)

_SPECTRUM: tuple[str | Block, ...] = (
    "The singular values {s} of {A} follow the law of a Gaussian matrix. With {big}, {aspect}, the eigenvalues follow "
    "the Marchenko-Pastur density",
    Equation("marchenko_pastur"),
    "so that {scaled} has the density {density_u}; for a square matrix this is the quarter circle {quarter}. The "
    "largest singular value of a Gaussian matrix fluctuates about the edge by the Tracy-Widom law, with the centring "
    "of Ma (2012) and {least}, {t999}:",
    Equation("tracy_widom"),
    "*Spikes* are counted one after the other: the largest value left is one while it lies above the 99.9% quantile "
    "for the matrix that is left, with the variance that is left (Kritchman and Nadler 2009). The verdict rests on the "
    "bulk: the Kolmogorov-Smirnov distance to the law, and the share of the squared singular values that are no "
    "spikes. A single spike cannot move that distance, and is listed, with the *strength* of the signal behind it: a "
    "rank-one signal below strength 1 stays inside the bulk and cannot be seen (Baik, Ben Arous and Péché 2005; "
    "Benaych-Georges and Nadakuditi 2012). The distance of the bulk to its own law leaves the spikes out. The median "
    "rule for {sigma} is that of Gavish and Donoho (2014). With a single weight beyond the threshold, or with an "
    "infinite fourth moment, the edge law is void (Auffinger, Ben Arous and Péché 2009): the report warns.",
)

_SHADOW: tuple[str | Block, ...] = (
    "The layer can be inverted on sparse outputs. Vectors {h} with {k} non-zeros, uniform on [½, 1] on a random "
    "support {S}, are sent down as shadows, with dropout that keeps each coordinate with probability {rho},",
    Equation("shadow"),
    "and forward again, {back}. The 2 is there because the ReLU keeps half of the mass. For a Gaussian {A} the "
    "cross-talk off the support is {off}, and on it {on}, with",
    Equation("cross_talk"),
    "These constants are sharp, so that measured figures can be set beside predicted ones. The *cross-talk inflation* "
    "is {inflation} and the *gain* is {gain}; both are 1 for a Gaussian matrix. The *relative error* is {relative}, at "
    "the constant offset {t} that minimises its prediction",
    Equation("error"),
    "which has a closed form, since for {normal_v}",
    Equation("moments"),
    "*Support recovery* compares {found} with {S}: area under the ROC curve, precision and recall. The *control* sends "
    "the shadow through an independent matrix, where recovery must drop to chance (an area of ½). A metric is the "
    "median over the cells of the grid with {sparse}, {enough} and a predicted error of at most ½, beyond which every "
    "matrix does equally badly. With real inputs the layer's real activations are sent down and back too, through the "
    "layer as stored, beside synthetic ones with as many non-zeros and beside a Gaussian matrix; no verdict rests on "
    "that.",
)

_STACK: tuple[str | Block, ...] = (
    "The top layer's output is a label, one-hot or the softmax of a real input. It is sent down all layers as a "
    "shadow, with {stack_alpha} in layer {j}, and forward again through the network; the share of labels that come "
    "back as the largest output is compared with chance, and with the same shadow sent forward through independent "
    "matrices of the same shapes and variances. Shadows scale with the label, biases do not: with real inputs the "
    "shadow at the bottom is given their norm and the biases are used, without them the biases are left out.",
)

_OTHER_TOOLS: tuple[str | Block, ...] = (
    "These figures stand here under the column names of WeightWatcher 0.7.7, for readers who know them. They are of "
    "the eigenvalues {eigenvalue} of {A} as stored, its mean included; logarithms are to base 10, and *norm* and "
    "*spectral_norm* are squares. *alpha* is the exponent of a power law fitted to the eigenvalues from *xmin* on, by "
    "maximum likelihood, and *xmin* is the eigenvalue that makes the Kolmogorov-Smirnov distance *D* of that tail to "
    "the law smallest (Clauset, Shalizi and Newman 2009):",
    Equation("power_law"),
    "Every matrix has an alpha, whether or not its spectrum has such a tail. Nine in ten Gaussian matrices, which have "
    "none, give 5 to 24 at 512 × 512 and 9 to 55 at 4000 × 1000, with a D of 0.11 to 0.14; one in six of the former "
    "lies between the 2 and the 6 beyond which WeightWatcher warns. So alpha and D are set beside those of Gaussian "
    "matrices of the layer's own shape, and D says more than alpha does. The interval is that of a bootstrap which "
    "chooses *xmin* again in each resample; it takes the eigenvalues for independent, which they are not. *sigma* "
    "takes *xmin* for known besides, and is too small.",
    "*mp_softrank* has {soft_edge} for the edge, with {sigma} by the median rule of Gavish and Donoho (2014). "
    "WeightWatcher fits {sigma} to a smoothed density instead, and the two differ by up to a third. Ranks "
    "and the smallest singular value are left out where the product of {A} with its transpose, from which the spectrum "
    "is computed, cannot tell them.",
    "Whether alpha measures how well a network was trained is disputed. Martin and Mahoney (2021) read a small alpha "
    "as the mark of a well-trained layer. Thamm, Staats and Rosenow (2022) find that the large singular values of "
    "trained networks follow no power law in general, and Hu, Goel, Killiakov and Yang (2025) that alpha depends on "
    "the shape of the matrix. No verdict here rests on it.",
)

_UNITS: tuple[str | Block, ...] = (
    "A hidden unit has incoming weights {w_in}, a row of the layer below it, and outgoing weights {w_out}, a column of "
    "the layer above. If it is a ReLU, leaky ReLU or linear unit, gradient flow keeps the difference of their squared "
    "norms (Du, Hu and Lee 2018; the bias counts as the weight of a constant input), and so both grow alike:",
    Equation("balance"),
    "Over the {u} hidden units between two layers, {r} is 0 up to chance at initialisation, where the weights are "
    "independent, and high where training has made the norms grow well beyond their start. Its 95% interval {fisher} "
    "gives the word: *trained* if it lies above 0.3; *as at initialisation* within ±0.3, which takes at least 44 "
    "units; *opposed* below −0.3; else *undecided*. A word on the weights, not on the network: a high {r} does not "
    "say how well it was trained, and a low one not that it was not. Large weights at the start, few steps, adaptive "
    "steps, another activation or a normalisation between the layers can all leave {r} low, as it is in many trained "
    "networks, and multiplying a unit's {w_in} and bias by {c} and its {w_out} by {one_over_c} changes {r} but nothing "
    "that a ReLU network computes.",
    "*Dead* units have incoming weights that are numerically zero, so that their output never depends on the input; "
    "*unused* units have such outgoing weights. Numerically zero is a norm of at most {tiny} of the root mean square "
    "norm in that layer; both kinds are left out of {r}. *Duplicates* are the units, other than dead ones, that have "
    "exactly the incoming weights and the bias of an earlier unit.",
)

_VERDICTS: tuple[str, ...] = (
    "*● holds*: the whole interval of every statistic lies within the tolerance. The layer is as random-like as the "
    "rule asks for, not proved to be random.",
    "*× fails*: the whole interval of a statistic lies beyond the tolerance. It does not mean that the network "
    "is bad, wrongly trained or unsafe: training writes structure into the weights, and a spike may be just what was "
    "learnt. It means that theorems which assume a random matrix do not describe this layer, and that its shadows "
    "cannot be trusted to the predicted accuracy.",
    "*▲ undecided*: the tolerance lies within the interval, or the data at hand do not settle the claim; the note says "
    "which.",
    "*– not applicable*: the claim makes no statement about this layer, such as one without a bias.",
    "Verdicts are equivalence tests by interval inclusion (Wellek 2010), never bare p-values. An interval is the "
    "statistic with the noise that Gaussian matrices of the same shape have, or a bootstrap where that is wider. "
    "Tolerances are stated with their origin; for a small layer they widen to twice that noise.",
    "*Nulls* say where an effect comes from. Gaussian matrices of the same shape have no structure. The layer's own "
    "entries, mean removed and permuted, keep their histogram alone: what is still there permuted comes from the "
    "tails. With random signs they keep the variance of each row and column too. The mean is removed first, because a "
    "shuffle keeps it, and it makes a spike of its own. For a large layer one draw is made on a random part of it, "
    "beside the part as it is. No verdict rests on these draws.",
)

_REFERENCES: tuple[str, ...] = (
    "S. Arora, Y. Liang and T. Ma (2015). Why are deep nets reversible: a simple theory, with implications for "
    "training. arXiv:1511.05653.",
    "A. Auffinger, G. Ben Arous and S. Péché (2009). Poisson convergence for the largest eigenvalues of heavy tailed "
    "random matrices. Annales de l'Institut Henri Poincaré, Probabilités et Statistiques 45, 589–610.",
    "J. Baik, G. Ben Arous and S. Péché (2005). Phase transition of the largest eigenvalue for nonnull complex sample "
    "covariance matrices. Annals of Probability 33, 1643–1697.",
    "F. Benaych-Georges and R. R. Nadakuditi (2012). The singular values and vectors of low rank perturbations of "
    "large rectangular random matrices. Journal of Multivariate Analysis 111, 120–135.",
    "A. Clauset, C. R. Shalizi and M. E. J. Newman (2009). Power-law distributions in empirical data. SIAM Review 51, "
    "661–703.",
    "S. S. Du, W. Hu and J. D. Lee (2018). Algorithmic regularization in learning deep homogeneous models: layers are "
    "automatically balanced. Advances in Neural Information Processing Systems 31, 384–395. arXiv:1806.00900.",
    "M. Gavish and D. L. Donoho (2014). The optimal hard threshold for singular values is 4/√3. IEEE Transactions on "
    "Information Theory 60, 5040–5053.",
    "Y. Hu, K. Goel, V. Killiakov and Y. Yang (2025). Eigenspectrum analysis of neural networks without aspect ratio "
    "bias. Proceedings of Machine Learning Research 267, 24290–24313.",
    "S. Kritchman and B. Nadler (2009). Non-parametric detection of the number of signals. IEEE Transactions on Signal "
    "Processing 57, 3930–3941.",
    "Z. Ma (2012). Accuracy of the Tracy-Widom limits for the extreme eigenvalues in white Wishart matrices. Bernoulli "
    "18, 322–359.",
    "V. A. Marchenko and L. A. Pastur (1967). Distribution of eigenvalues for some sets of random matrices. "
    "Mathematics of the USSR-Sbornik 1, 457–483.",
    "C. H. Martin and M. W. Mahoney (2021). Implicit self-regularization in deep neural networks: evidence from random "
    "matrix theory and implications for learning. Journal of Machine Learning Research 22 (165), 1–73.",
    "M. Thamm, M. Staats and B. Rosenow (2022). Random matrix analysis of deep neural network weight matrices. "
    "arXiv:2203.14661.",
    "C. A. Tracy and H. Widom (1996). On orthogonal and symplectic matrix ensembles. Communications in Mathematical "
    "Physics 177, 727–754.",
    "S. Wellek (2010). Testing Statistical Hypotheses of Equivalence and Noninferiority, 2nd edition. Chapman and "
    "Hall.",
)

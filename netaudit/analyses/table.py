"""The analysers of an audit, in the order of the report. An explicit tuple: nothing registers itself."""

from netaudit.analyses.context import Analyser
from netaudit.analyses.layer.constant_bias.measure import ConstantBias
from netaudit.analyses.layer.gaussian_weights.measure import GaussianWeights
from netaudit.analyses.layer.shadow_inversion.measure import ShadowInversion
from netaudit.analyses.layer.singular_law.measure import SingularLaw

ANALYSERS: tuple[Analyser, ...] = (GaussianWeights(), ConstantBias(), SingularLaw(), ShadowInversion())
CLAIMS: tuple[str, ...] = tuple(analyser.claim for analyser in ANALYSERS)

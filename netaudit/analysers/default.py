"""The analysers of an audit, in the order of the report. An explicit tuple: nothing registers itself."""

from netaudit.analysers.constant_bias import ConstantBias
from netaudit.analysers.gaussian_weights import GaussianWeights
from netaudit.analysers.interface import Analyser
from netaudit.analysers.shadow_inversion import ShadowInversion
from netaudit.analysers.singular_law import SingularLaw

ANALYSERS: tuple[Analyser, ...] = (GaussianWeights(), ConstantBias(), SingularLaw(), ShadowInversion())
CLAIMS: tuple[str, ...] = tuple(analyser.claim for analyser in ANALYSERS)

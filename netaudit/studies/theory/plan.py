"""The statements of the study, in the order of its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from netaudit.studies.theory import (
    baby,
    dropout_robustness,
    lemma_2_5,
    noise_variance,
    theorem_2_1,
    theorem_2_3,
    theorem_3_1,
    universality,
)
from netaudit.studies.theory.lab import Lab
from netaudit.studies.theory.scale import Scale
from netaudit.studies.theory.statement import Statement


@dataclass(frozen=True)
class Entry:
    """A statement's function and its settings."""

    name: str
    run: Callable[[Any, Lab], Statement]
    sizes: Mapping[Scale, Any]
    work: float
    """Its share of the full study's time: for the time left."""


STATEMENTS = (
    Entry("baby theorem", baby.run, baby.SIZES, 6),
    Entry("Lemma 2.5", lemma_2_5.run, lemma_2_5.SIZES, 15),
    Entry("noise variance", noise_variance.run, noise_variance.SIZES, 40),
    Entry("Theorem 2.3", theorem_2_3.run, theorem_2_3.SIZES, 25),
    Entry("Theorem 2.1", theorem_2_1.run, theorem_2_1.SIZES, 110),
    Entry("Theorem 3.1", theorem_3_1.run, theorem_3_1.SIZES, 70),
    Entry("dropout robustness", dropout_robustness.run, dropout_robustness.SIZES, 10),
    Entry("universality", universality.run, universality.SIZES, 18),
)

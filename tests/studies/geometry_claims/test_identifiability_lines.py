"""The lines of the study: each draw is what its line says, and is judged as an audit judges it."""

import numpy as np
import pytest

from netaudit.studies.geometry_claims import identifiability as study

BY_KEY = {line.key: line for line in study.LINES}


def test_the_lines_have_names_of_their_own():
    assert len(BY_KEY) == len(study.LINES)


@pytest.mark.parametrize("line", study.LINES, ids=BY_KEY)
def test_a_few_draws(line):
    found = [study.noticed(line, seed) for seed in range(3)]
    if line.kind in ("false_alarm", "power"):
        assert found == [line.kind == "power"] * 3
    assert found == [study.noticed(line, seed) for seed in range(3)]


@pytest.mark.parametrize("plant", ["twins", "opposite", "muted", "dead", "always_on", "dead_above"])
def test_plants_hide_as_many_neurons_as_they_say(plant):
    layers = study.random_layers(np.random.default_rng(0), study.SIZES, 0.3)
    assert study.verdict(layers, -1, 0) == "identifiable"
    before = [weight.copy() for weight, _ in layers]
    study.hide(layers, plant, 0.0 if plant in ("twins", "opposite", "muted") else 1.0, np.random.default_rng(1))
    found = study.identifiable(layers)
    hidden = [layer.count("dead", "always_on", "muted", "twin", "opposite_twin") for layer in found.layers]
    assert hidden == ([0, study.PLANTED] if plant == "dead_above" else [study.PLANTED, 0])
    assert (before[0][study.PLANTED :] == layers[0][0][study.PLANTED :]).all()

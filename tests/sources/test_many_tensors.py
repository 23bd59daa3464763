"""The time to plan a file grows as the number of its tensors, whatever they are called."""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch

from netaudit.composed.table import compose
from netaudit.formats.weights_file import Declared
from netaudit.sources.planners.names_and_shapes import plan

KINDS: dict[str, list[tuple[str, tuple[int, ...]]]] = {
    "LoRA": [("weight", (8, 8)), ("lora_A.weight", (2, 8)), ("lora_B.weight", (8, 2))],
    "parametrisations": [("parametrizations.weight.original0", (4, 1)), ("parametrizations.weight.original1", (4, 4))],
    "modules alike": [("fc.weight", (4, 4)), ("fc.bias", (4,)), ("norm.weight", (4,))],
}
SECONDS = 10
"""Of the CPU. It took 25 to 60 when names were compared in pairs, and takes less than 2."""


class Eights:
    def read(self, name: str) -> Any:
        return torch.tensor(8.0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_time_grows_as_the_number_of_tensors(kind: str) -> None:
    rows = KINDS[kind]
    declared = {f"m.{i}.{name}": Declared(s, "float32", (i, name)) for i in range(7000) for name, s in rows}
    start = time.process_time()
    planned = plan(compose(Eights(), declared)[1])
    assert time.process_time() - start < SECONDS
    assert planned.parameters_total > 0

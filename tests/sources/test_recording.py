"""What a recorded forward pass tells, on networks small enough to know the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from netaudit.network.graph import Graph
from netaudit.sources.planners.capture import Capture
from netaudit.sources.planners.recording import Recorder


def record(run: Callable[..., Any], *inputs: Tensor, **parameters: Tensor) -> Graph:
    recorder = Recorder({id(tensor): name for name, tensor in parameters.items()})
    with torch.no_grad(), recorder:
        output = run(*inputs, **parameters)
    return recorder.finish(output)


def meta(*shape: int) -> Tensor:
    return torch.empty(shape, device="meta")


X, A, B = meta(1, 6), meta(4, 6), meta(3, 4)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (F.relu, "relu"),
        (torch.relu, "relu"),
        (lambda x: x.relu_(), "relu"),
        (nn.ReLU(inplace=True), "relu"),
        (nn.ReLU6(), "relu6"),
        (nn.Hardtanh(), "hardtanh"),
        (lambda x: x.clamp(min=0), "relu"),
        (lambda x: torch.clamp(x, 0), "relu"),
        (lambda x: x.clamp_min(0), "relu"),
        (lambda x: x.clamp(min=-1), None),
        (lambda x: x.clamp(0, 1), None),
        (nn.GELU(), "gelu"),
        (nn.SiLU(), "silu"),
        (nn.LogSigmoid(), "logsigmoid"),
        (nn.Softmax(-1), "softmax"),
        (lambda x: F.gelu(F.dropout(x.view(1, 1, 4), training=False)), "gelu"),
        (lambda x: x + 1, "linear"),
        (lambda x: F.layer_norm(x, (4,)), "linear"),
        (lambda x: x * torch.sigmoid(1.702 * x), None),
        (lambda x: x, "linear"),
        (lambda x: F.relu(x) + torch.tanh(x), None),
        (lambda x: F.relu(x) + x.relu(), "relu"),
    ],
)
def test_the_activation_after_a_layer(after: Callable[[Tensor], Tensor], expected: str | None) -> None:
    graph = record(lambda x, a: after(F.linear(x, a)), X, a=A)
    assert graph.activations() == {"a": expected}


def test_a_layer_used_twice_with_different_activations() -> None:
    w = meta(6, 6)
    assert record(lambda x, w: F.relu(F.linear(torch.tanh(F.linear(x, w)), w)), X, w=w).activations() == {"w": None}


def top(run: Callable[..., Any], x: Tensor = X, widths: dict[str, int] | None = None) -> list[tuple[str, str]]:
    return record(run, x, a=A, b=B).top(widths or {"a": 6, "b": 4})


def test_the_stack_from_the_output_down() -> None:
    expected = [("a", "relu"), ("b", "linear")]
    assert top(lambda x, a, b: F.linear(F.relu(F.linear(x, a)), b)) == expected
    assert top(lambda x, a, b: F.linear(F.dropout(F.relu(F.linear(x.flatten(1), a))), b).softmax(1)) == expected
    assert top(lambda x, a, b: {"logits": F.linear(F.linear(x, a).relu_().squeeze(), b), "x": x}) == expected
    assert top(lambda x, a, b: F.linear(F.linear(x, a)[:, None].mean(1), b)) == [("a", "linear"), ("b", "linear")]


def test_what_ends_the_stack() -> None:
    only = [("b", "linear")]
    assert top(lambda x, a, b: F.linear(F.layer_norm(F.linear(x, a), (4,)), b)) == only
    assert top(lambda x, a, b: F.linear(F.linear(x, a) + F.linear(x, a), b)) == only
    assert top(lambda x, a, b: F.linear(F.relu(torch.tanh(F.linear(x, a))), b)) == only
    assert top(lambda x, a, b: F.linear(F.linear(x, a)[:, [3, 2, 1, 0]], b)) == only
    assert top(lambda x, a, b: F.linear(F.linear(x, a).view(1, 2, 2).transpose(1, 2).flatten(1), b)) == only
    assert top(lambda x, a, b: F.linear(F.linear(x, a).view(1, 2, 2).mean(1).repeat(1, 2), b)) == only
    pooled = record(lambda x, a, v: F.linear(F.linear(x, a).view(1, 2, 2).mean(1), v), X, a=A, v=meta(3, 2))
    assert pooled.top({"a": 6, "v": 2}) == [("v", "linear")]
    assert top(lambda x, a, b: F.linear(F.prelu(F.linear(x, a), meta(1)), b)) == only
    assert top(lambda x, a, b: F.relu(F.linear(F.relu(F.linear(x, a)), b)) + 1) == []
    assert top(lambda x, a, b: (F.linear(F.linear(x, a), b), x)) == []
    assert top(lambda x, a, b: F.linear(F.linear(x, a), b), meta(1, 7, 6)) == []  # a row a token


def test_convolutions_that_cover_their_input() -> None:
    def covering(x: Tensor, **options: Any) -> bool:
        return record(lambda x, w: F.conv2d(x, w, **options), x, w=meta(5, 2, 3, 3)).covering() == {"w"}

    assert covering(meta(1, 2, 3, 3))
    assert covering(meta(1, 2, 3, 3), stride=2)
    assert covering(meta(1, 2, 3, 3), padding="valid")
    assert not covering(meta(1, 2, 4, 4))
    assert not covering(meta(1, 2, 3, 3), padding=1)
    assert not covering(meta(1, 2, 3, 3), padding=1, stride=3)
    assert not covering(meta(1, 2, 3, 3), padding="same")
    grouped = record(lambda x, w: F.conv2d(x, w, groups=2), meta(1, 4, 3, 3), w=meta(4, 2, 3, 3))
    assert grouped.covering() == set()
    twice = record(lambda x, w: (F.conv2d(x, w), F.conv2d(meta(1, 2, 9, 9), w)), meta(1, 2, 3, 3), w=meta(5, 2, 3, 3))
    assert twice.covering() == set()


def test_a_covering_convolution_is_part_of_the_stack() -> None:
    def run(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
        return F.linear(F.adaptive_avg_pool2d(F.relu(F.conv2d(x, w)), 1).flatten(1), b)

    graph = record(run, meta(1, 2, 3, 3), w=meta(4, 2, 3, 3), b=B)
    assert graph.top({"w": 18, "b": 4}) == [("w", "relu"), ("b", "linear")]


def test_a_computed_weight_is_not_the_parameter() -> None:
    graph = record(lambda x, w, bias: F.linear(x, w * 2, bias), X, w=A, bias=meta(4))
    assert [weight for weight, _ in graph.multiplications()] == ["computed from w"]


def test_a_parameter_that_is_multiplied_is_no_weight() -> None:
    query = meta(2, 6)
    graph = record(lambda query, w: F.relu(F.linear(query, w)), query=query, w=A)
    assert [(weight, op.weights) for weight, op in graph.multiplications()] == [("w", ("w",))]
    assert graph.activations() == {"w": "relu"}


def test_attention_is_seen_and_its_output_followed() -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    recorder = Recorder({id(p): name for name, p in attention.named_parameters()})
    x = torch.zeros(1, 3, 8)
    with torch.no_grad(), recorder:
        output = F.relu(attention(x, x, x)[0])
    activations = recorder.finish(output).activations()
    assert activations["out_proj.weight"] == "relu"
    assert activations["in_proj_weight"] == "linear"


def test_whether_a_layer_takes_the_input_itself() -> None:
    assert record(lambda x, a: F.linear(x.flatten(1), a), meta(1, 2, 3), a=A).flattened_input("a")
    assert not record(lambda x, a: F.linear(x + 1, a), X, a=A).flattened_input("a")
    assert not record(lambda x, a: F.linear(x.mT.flatten(1), a), meta(1, 2, 3), a=A).flattened_input("a")


def test_capture_keeps_the_rows_that_reach_a_weight() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Conv1d(4, 2, 1), nn.Flatten()).eval()
    x = torch.randn(5, 3)
    first, last = net[0], net[2]
    assert isinstance(first, nn.Linear)
    with Capture(first.weight) as capture:
        first(x)
    assert capture.rows is not None
    assert torch.equal(capture.rows, x)
    y = torch.randn(5, 4, 1)
    assert isinstance(last.weight, Tensor)
    with Capture(last.weight) as capture:
        last(y)
    assert capture.rows is not None
    assert torch.equal(capture.rows, y.flatten(1))


@pytest.mark.parametrize("x", [torch.zeros(2, 6), torch.zeros(2, 3, 6, dtype=torch.float64), torch.zeros(6)])
@pytest.mark.parametrize(
    "run", [lambda x, w: F.linear(x, w), F.linear, lambda x, w: F.relu(x), lambda x, w: x + 0.5, lambda x, w: 0.5 + x]
)
def test_shapes_on_meta_are_those_of_a_real_pass(run: Callable[..., Any], x: Tensor) -> None:
    weight = torch.zeros(4, 6, dtype=x.dtype)
    expected = run(x, weight)
    with Recorder({}):
        found = run(x.to("meta"), weight.to("meta"))
    assert (found.shape, found.dtype, found.is_meta) == (expected.shape, expected.dtype, True)


def test_a_misfit_on_meta_still_fails() -> None:
    with pytest.raises(RuntimeError), Recorder({}):
        F.linear(meta(2, 5), meta(4, 6))

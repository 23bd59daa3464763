"""Low-rank adapters, against the products written out."""

from __future__ import annotations

import math

import pytest
import torch

A, B, BASE = torch.rand(2, 6), torch.rand(4, 2), torch.rand(4, 6)
Q = "base_model.model.layers.0.q_proj"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (f"{Q}.lora_A.weight", f"{Q}.lora_B.weight"),
        (f"{Q}.lora_A.default.weight", f"{Q}.lora_B.default.weight"),
        (f"{Q}.lora_A", f"{Q}.lora_B"),
        (f"{Q}.lora.down.weight", f"{Q}.lora.up.weight"),
        (f"{Q}.lora_linear_layer.down.weight", f"{Q}.lora_linear_layer.up.weight"),
    ],
)
@pytest.mark.parametrize(
    ("settings", "scale"),
    [
        ({"lora_alpha": 16}, 8.0),
        ({"lora_alpha": 16, "use_rslora": True}, 16 / math.sqrt(2)),
        ({"lora_alpha": 16, "alpha_pattern": {"q_proj": 4, "proj": 100}}, 2.0),
        ({}, 1.0),
    ],
)
def test_one_layer_of_the_true_shape(composed, a, b, settings, scale) -> None:
    found = composed({a: A, b: B}, adapter=settings)
    torch.testing.assert_close(found[f"{Q}.weight"], scale * (B @ A))
    assert found.layers() == {Q: (4, 6)}
    assert found.origin(f"{Q}.weight").startswith("LoRA of rank 2, alone")
    assert ("is not in the file" in found.origin(f"{Q}.weight")) == (not settings)


def test_kohya_stores_alpha(composed) -> None:
    tensors = {
        "lora_unet_x.lora_down.weight": A,
        "lora_unet_x.lora_up.weight": B,
        "lora_unet_x.alpha": torch.tensor(1.0),
    }
    found = composed(tensors)
    torch.testing.assert_close(found["lora_unet_x.weight"], 0.5 * (B @ A))
    assert list(found.declared) == ["lora_unet_x.weight"]


@pytest.mark.parametrize("weight", ["fc.base_layer.weight", "fc.weight"])
@pytest.mark.parametrize("turned", [False, True])  # GPT-2's Conv1D keeps [in, out], its adapters do not
def test_added_to_its_base(composed, weight, turned) -> None:
    tensors = {weight: BASE.T.contiguous() if turned else BASE, weight.replace("weight", "bias"): torch.zeros(4)}
    tensors |= {"fc.lora_A.default.weight": A, "fc.lora_B.default.weight": B}
    found = composed(tensors, adapter={"lora_alpha": 4})
    torch.testing.assert_close(found["fc.weight"], BASE + 2 * (B @ A))
    assert found.layers() == {"fc": (4, 6)}
    assert set(found.declared) == {"fc.weight", "fc.bias"}


def test_dora_scales_the_rows(composed) -> None:
    tensors = {"fc.base_layer.weight": BASE, "fc.lora_A.weight": A, "fc.lora_B.weight": B}
    magnitude = torch.rand(4)
    found = composed(tensors | {"fc.lora_magnitude_vector.weight": magnitude}, adapter={"lora_alpha": 4})
    torch.testing.assert_close(found["fc.weight"].norm(dim=1), magnitude)
    assert found.origin("fc.weight").endswith("DoRA")


def test_without_its_scale_the_base_alone_is_audited(composed) -> None:
    found = composed({"fc.base_layer.weight": BASE, "fc.lora_A.a.weight": A, "fc.lora_B.a.weight": B})
    assert torch.equal(found["fc.weight"], BASE)
    assert found.layers() == {"fc": (4, 6)}
    assert "whose scale alpha is not in the file" in found.refusals()["fc.lora_A.a.weight"]


def test_several_adapters_of_one_base(composed) -> None:
    tensors = {"fc.base_layer.weight": BASE}
    for name in ("a", "b"):
        tensors |= {f"fc.lora_A.{name}.weight": A.clone(), f"fc.lora_B.{name}.weight": B.clone()}
    assert set(composed(tensors, adapter={"lora_alpha": 2}).layers()) == {"fc", "fc.a", "fc.b"}


@pytest.mark.parametrize("split", ["", "1", "2"])
def test_lokr(composed, split) -> None:
    w1, w2 = torch.rand(2, 3), torch.rand(4, 5)
    tensors = {"y.lokr_w1": w1, "y.lokr_w2": w2, "y.alpha": torch.tensor(8.0)}
    scale = 1.0
    if split:
        a, b = torch.rand(len(tensors[f"y.lokr_w{split}"]), 2), torch.rand(2, tensors[f"y.lokr_w{split}"].shape[1])
        w1, w2 = (a @ b, w2) if split == "1" else (w1, a @ b)
        tensors |= {f"y.lokr_w{split}_a": a, f"y.lokr_w{split}_b": b}
        del tensors[f"y.lokr_w{split}"]
        scale = 4.0
    found = composed(tensors)
    expected = torch.stack([w1[i // 4, j // 5] * w2[i % 4, j % 5] for i in range(8) for j in range(15)]).reshape(8, 15)
    torch.testing.assert_close(found["y.weight"], scale * expected)
    assert found.layers() == {"y": (8, 15)}


def test_loha(composed) -> None:
    a, b, c, d = torch.rand(4, 2), torch.rand(2, 6), torch.rand(4, 2), torch.rand(2, 6)
    tensors = {"y.hada_w1_a": a, "y.hada_w1_b": b, "y.hada_w2_a": c, "y.hada_w2_b": d, "y.alpha": torch.tensor(2.0)}
    torch.testing.assert_close(composed(tensors)["y.weight"], (a @ b) * (c @ d))


@pytest.mark.parametrize(
    "tensors",
    [
        {"c.lora_down.weight": torch.rand(2, 3, 3, 3), "c.lora_up.weight": torch.rand(4, 2, 1, 1)},
        {"c.lora_A.weight": torch.rand(2, 3)},
        {"c.lora_A.weight": torch.rand(2, 3), "c.lora_B.weight": torch.rand(4, 5)},
        {"e.lora_embedding_A": torch.rand(2, 30), "e.lora_embedding_B": torch.rand(4, 2)},
        {"y.lokr_w1": torch.rand(2, 3), "y.lokr_w2_a": torch.rand(2, 3)},
    ],
)
def test_what_cannot_be_put_together_is_no_layer(composed, tensors) -> None:
    found = composed(tensors)
    assert found.refusals().keys() == tensors.keys()
    assert not found.layers()


@pytest.mark.parametrize("config", [{}, {"model_type": "gpt2", "n_head": 2}])
def test_the_parts_of_an_adapted_fused_projection_keep_their_factors(composed, config) -> None:
    a, b = torch.rand(2, 8), torch.rand(24, 2)
    found = composed({"c_attn.lora_A.weight": a, "c_attn.lora_B.weight": b}, config=config, adapter={"lora_alpha": 4})
    for number, part in enumerate(found.layers()):
        left, right = found.store.factors(f"{part}.weight")
        rows = slice(8 * number, 8 * number + 8) if len(found.layers()) == 3 else slice(None)
        assert torch.equal(left, 2 * b[rows].double())
        assert torch.equal(right, a.double())
        torch.testing.assert_close((left @ right).float(), found[f"{part}.weight"])


def test_a_merged_weight_has_no_factors(composed) -> None:
    tensors = {"fc.weight": BASE, "fc.lora_A.weight": A, "fc.lora_B.weight": B}
    assert composed(tensors, adapter={"lora_alpha": 4}).store.factors("fc.weight") is None


@pytest.mark.parametrize("own", ["c_attn", "c_proj"])
def test_a_base_of_gpt2_is_turned_before_its_adapter_is_added(composed, own) -> None:
    """A square one too, whose shape would not tell."""
    out = 48 if own == "c_attn" else 16
    base, a, b = torch.rand(16, out), torch.rand(2, 16), torch.rand(out, 2)
    tensors = {
        f"h.0.attn.{own}.base_layer.weight": base,
        f"h.0.attn.{own}.lora_A.default.weight": a,
        f"h.0.attn.{own}.lora_B.default.weight": b,
    }
    found = composed(tensors, config={"model_type": "gpt2"}, adapter={"lora_alpha": 2})
    rows = found["h.0.attn.c_attn.q.weight"] if own == "c_attn" else found["h.0.attn.c_proj.weight"]
    torch.testing.assert_close(rows, (base.T + b @ a)[:16])


@pytest.mark.parametrize("kind", ["lokr", "hada"])
def test_peft_scales_by_its_configuration(composed, kind) -> None:
    if kind == "lokr":
        tensors, product = {"q.lokr_w1": torch.rand(4, 4), "q.lokr_w2": torch.rand(2, 3)}, torch.kron
        plain = product(tensors["q.lokr_w1"], tensors["q.lokr_w2"])
    else:
        tensors = {f"q.hada_w{n}_{part}": torch.rand(*shape) for n in (1, 2) for part, shape in
                   (("a", (8, 4)), ("b", (4, 6)))}  # fmt: skip
        plain = (tensors["q.hada_w1_a"] @ tensors["q.hada_w1_b"]) * (tensors["q.hada_w2_a"] @ tensors["q.hada_w2_b"])
    found = composed(tensors, adapter={"peft_type": "LOKR", "alpha": 16, "r": 8})
    torch.testing.assert_close(found["q.weight"], 2 * plain)

"""The comparison of two devices, on the CPU twice: they agree; and what is off is found and named."""

import base64
import copy
import json

import pytest
import torch

from netaudit.studies.benchmark import gpu_check
from netaudit.studies.benchmark.agreement import compare

SHAPES = {"first": (60, 90), "spiked": (60, 60), "heavy": (70, 60), "top": (10, 70)}


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    return gpu_check.measure("cpu", gpu_check.save(folder / "layers.safetensors", SHAPES))


def leaf(measurement, target, place):
    """The last container of a figure's path, and its key."""
    inner = measurement["reports"][target]
    for key in place[:-1]:
        inner = inner[key]
    return inner, place[-1]


def test_a_device_agrees_with_itself(measured, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(gpu_check, "SHAPES", SHAPES)
    out = tmp_path / "new" / "gpu-check.json"
    assert gpu_check.main(["--devices", "cpu", "cpu", "--out", str(out)], lambda device, layers: measured) == 0
    data = json.loads(out.read_text())
    assert data["agree"] is True
    assert [one["device"] for one in data["devices"]] == ["cpu", "cpu"]
    assert all(one["seconds"]["layers"] > 0 < one["host_peak_bytes"] for one in data["devices"])
    assert all(entry["compared"] > 0 == entry["worst"] for entry in data["kinds"].values())
    assert "cpu and cpu agree." in capsys.readouterr().out


SV_MAX = ("layers", 0, "analyses", "power_law", "sv_max")
SHADOW, LAW = (("layers", 0, "analyses", claim) for claim in ("shadow_inversion", "singular_law"))


@pytest.mark.parametrize(
    ("kind", "place", "within", "beyond"),
    [
        ("float64", (*LAW, "metrics", "ks_marchenko_pastur"), lambda v: v + 1e-8, lambda v: v + 1e-5),
        (
            "float64",
            SV_MAX,
            lambda v: v * (1 + 1e-8),
            lambda v: v * (1 + 1e-5),
        ),
        ("float32", (*SHADOW, "metrics", "cross_talk_inflation"), lambda v: v * 1.00005, lambda v: v * 1.001),
        ("share", (*SHADOW, "metrics", "support_recall"), lambda v: v + 0.005, lambda v: v + 0.02),
        ("word", (*SHADOW, "verdict"), lambda v: v, lambda v: v + "s"),
        ("word", ("head", "note"), lambda v: v, lambda v: v + " Not so."),
        ("word", (*LAW, "metrics", "spikes"), lambda v: v, lambda v: v + 1),
        ("float64", SV_MAX, lambda v: v, lambda v: None),
    ],
)
def test_a_difference_beyond_its_tolerance_is_named(measured, kind, place, within, beyond):
    for change, agree in ((within, True), (beyond, False)):
        other = copy.deepcopy(measured)
        inner, key = leaf(other, "mnist-mlp", place)
        inner[key] = change(inner[key])
        found = compare(measured, other)
        assert found["agree"] is agree
        if not agree:
            [entry] = found["disagreements"]
            assert entry["kind"] == kind
            assert str(key) in entry["figure"]
            json.dumps(found, allow_nan=False)


def test_pictures_may_differ_by_a_grey_level(measured):
    for by, agree in ((1, True), (2, False)):
        other = copy.deepcopy(measured)
        pictures = other["reports"]["mnist-mlp"]["analyses"]["shadow_images"]["trained"]
        pixels = bytearray(base64.b64decode(pictures[0]))
        pixels[pixels.index(0)] += by
        pictures[0] = base64.b64encode(pixels).decode()
        assert compare(measured, other)["agree"] is agree


def test_singular_values_are_held_to_the_largest(measured):
    name = "layers spiked"
    for by, agree in ((1e-11, True), (1e-7, False)):
        other = copy.deepcopy(measured)
        values = other["spectra"][name]
        values[len(values) // 2] += by * max(values)
        assert compare(measured, other)["agree"] is agree
    other = copy.deepcopy(measured)
    del other["spectra"][name]
    assert [entry["figure"] for entry in compare(measured, other)["disagreements"]] == [name]


def test_a_disagreement_is_exit_code_1(measured, tmp_path, capsys):
    other = copy.deepcopy(measured)
    inner, key = leaf(other, "layers", (*SHADOW, "metrics", "gain"))
    inner[key] *= 1.01
    by_turns = iter((measured, other))
    arguments = ["--devices", "cpu", "cpu", "--out", str(tmp_path / "out.json")]
    assert gpu_check.main(arguments, lambda device, layers: next(by_turns)) == 1
    out = capsys.readouterr().out
    assert "cpu and cpu differ in 1 figures." in out
    assert "differs: layers / layers / 0 first / analyses / shadow_inversion / metrics / gain" in out


def test_without_a_gpu_it_says_so_and_measures_nothing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert gpu_check.main(["--out", str(tmp_path / "out.json")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("gpu-check: no GPU: PyTorch ")
    assert said.err.count("\n") == 1
    assert not (tmp_path / "out.json").exists()


def test_the_gpu_is_what_pytorch_sees(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_check.gpu() == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert gpu_check.gpu() == "cuda"


def test_a_measurement_that_fails_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"gpu-check: cuda:77: .*CUDA devices"):
        gpu_check.in_a_process("cuda:77", tmp_path / "missing.safetensors")

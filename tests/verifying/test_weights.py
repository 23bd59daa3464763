"""The weights that a reader has, and the audit of them once more."""

import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from tampering import ANALYSES, differing, drop_hash, edit_json, network, outcomes, set_metric

import netaudit
from netaudit.api import AuditReport
from netaudit.cli.main import main
from netaudit.errors import ReportError
from netaudit.verifying.again import Given
from netaudit.verifying.rerun import same_numbers
from netaudit.verifying.verify import verify

ROOT = Path(__file__).parents[2]


def weights(tmp_path, **changed):
    state = network() | changed
    save_file(state, tmp_path / "here.safetensors")
    return Given(tmp_path / "here.safetensors")


def test_the_audited_weights_are_recognised_in_another_format(audited, tmp_path):
    torch.save(network(), tmp_path / "net.pt")
    found = verify(audited / "report" / "audit.json", Given(tmp_path / "net.pt"))
    assert found.same
    assert outcomes(found)["weights of net.pt"] == "same"


def test_the_audited_weights_are_recognised_in_shards(audited, tmp_path):
    parts = list(network().items())
    for number, part in enumerate((dict(parts[:2]), dict(parts[2:])), 1):
        save_file(part, tmp_path / f"model-{number:05}-of-00002.safetensors")
    places = {name: f"model-{1 + (index > 1):05}-of-00002.safetensors" for index, (name, _) in enumerate(parts)}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    assert verify(audited / "report" / "audit.json", Given(tmp_path)).same


def test_a_wider_type_with_the_same_numbers_is_the_same(audited, tmp_path):
    save_file({name: tensor.double() for name, tensor in network().items()}, tmp_path / "wide.safetensors")
    assert verify(audited / "report" / "audit.json", Given(tmp_path / "wide.safetensors")).same


def test_other_names_with_the_same_numbers_are_the_same(audited, tmp_path):
    save_file({f"model.{name}": tensor for name, tensor in network().items()}, tmp_path / "named.safetensors")
    found = verify(audited / "report" / "audit.json", Given(tmp_path / "named.safetensors"))
    assert found.same
    assert any("under another name" in check.says for check in found.checks)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"fc2.weight": network()["fc2.weight"].neg()}, "the weight of layer fc2 has other numbers"),
        ({"fc1.bias": torch.zeros(60)}, "the bias of layer fc1 has other numbers"),
        ({"fc1.weight": network(1)["fc1.weight"]}, "the weight of layer fc1 has other numbers"),
        ({"fc1.weight": network()["fc1.weight"].flip(0)}, "the weight of layer fc1 has other numbers"),
        ({"fc2.weight": network()["fc2.weight"][:8].clone()}, "layer fc2 is 8 × 60 here, and was 10 × 60"),
    ],
)
def test_other_weights_are_named(audited, tmp_path, changed, says):
    found = verify(audited / "report" / "audit.json", weights(tmp_path, **changed))
    assert list(differing(found).values()) == [says]


def test_a_bias_that_is_gone_is_named(audited, tmp_path):
    state = network()
    del state["fc1.bias"]
    save_file(state, tmp_path / "here.safetensors")
    found = verify(audited / "report" / "audit.json", Given(tmp_path / "here.safetensors"))
    assert list(differing(found).values()) == ["layer fc1 has no bias here, and had one"]


def test_the_audit_once_more_gives_its_numbers(audited):
    found = verify(audited / "report" / "audit.json", Given(audited / "net.safetensors"), rerun=True)
    assert found.same, differing(found)
    assert outcomes(found)["the audit once more"] == "same"


def test_a_forged_number_is_found_by_the_audit_once_more(audited, report):
    edit_json(set_metric, sealed=True)(report)
    path, given = report / "audit.json", Given(audited / "net.safetensors")
    assert verify(path, given).same
    found = verify(path, given, rerun=True)
    assert list(differing(found)) == ["the audit once more"]
    assert "layers[0].analyses.gaussian_weights.metrics" in differing(found)["the audit once more"]


def test_numbers_within_the_tolerance_are_the_same(audited):
    report = AuditReport.from_json(audited / "report" / "audit.json")
    data = json.loads(report.to_json())
    metrics = data["layers"][0]["analyses"]["gaussian_weights"]["metrics"]
    name = next(key for key, value in metrics.items() if isinstance(value, float) and value)
    for factor, outcome in ((1 + 5e-5, "same"), (1 + 5e-4, "differs")):
        changed = json.loads(json.dumps(data))
        changed["layers"][0]["analyses"]["gaussian_weights"]["metrics"][name] *= factor
        other = AuditReport.from_json(json.dumps(changed), changed=True)
        assert same_numbers(report, other).outcome == outcome


def test_a_bundled_network_is_at_hand(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "reports" / "top"
    netaudit.audit("mnist-mlp", layers=["7"], analyses=ANALYSES, device="cpu").write(folder, ["json"])
    [example] = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/verify.md").read_text("utf-8"), re.M | re.S)
    exec(compile(example, "verify.md", "exec"), {})
    assert capsys.readouterr().out == "True []\n"
    found = verify(folder / "audit.json", rerun=True)
    assert found.same, differing(found)
    assert outcomes(found)["weights of model.safetensors"] == "same"


def test_data_that_the_audit_had_must_be_given(tmp_path, report):
    edit_json(
        lambda data: data["provenance"]["settings"].update(data={"name": "x.npz", "sha256": "0" * 64}), sealed=True
    )(report)
    save_file(network(), tmp_path / "here.safetensors")
    with pytest.raises(ReportError, match="--data"):
        verify(report / "audit.json", Given(tmp_path / "here.safetensors"), rerun=True)


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--quiet"], 0), (["--weights", "WRONG"], 1)])
def test_the_command_prints_what_it_checked_and_exits(audited, tmp_path, capsys, arguments, code):
    given = weights(tmp_path, **{"fc1.bias": torch.zeros(60)})
    arguments = [str(given.weights) if each == "WRONG" else each for each in arguments]
    with pytest.raises(SystemExit) as caught:
        main(["verify", str(audited / "report" / "audit.json"), *arguments])
    out = capsys.readouterr().out
    assert caught.value.code == code
    assert ("--quiet" in arguments) == (out == "")
    assert code == 0 or "the bias of layer fc1 has other numbers" in out


def test_a_layer_without_a_hash_is_named(audited, report):
    edit_json(drop_hash, sealed=True)(report)
    found = verify(report / "audit.json", Given(audited / "net.safetensors"))
    assert list(differing(found).values()) == ["the report has no hash of layer fc1"]


def test_a_layer_that_was_not_audited_is_named_and_is_no_difference(audited, tmp_path):
    given = weights(tmp_path, **{"fc3.weight": torch.ones(5, 10)})
    found = verify(audited / "report" / "audit.json", given)
    [says] = [check.says for check in found.checks if check.what.startswith("weights of")]
    assert found.same
    assert says == "2 layers with the numbers that were audited; not in the report: fc3"


def test_two_layers_are_not_one_under_other_names(tmp_path):
    one = network()["fc1.weight"]
    save_file({"a.weight": one, "b.weight": one.clone()}, tmp_path / "two.safetensors")
    netaudit.audit(tmp_path / "two.safetensors", analyses=["gaussian_weights"]).to_json(tmp_path / "audit.json")
    save_file({"c.weight": one}, tmp_path / "one.safetensors")
    found = verify(tmp_path / "audit.json", Given(tmp_path / "one.safetensors"))
    assert list(differing(found).values()) == ["there is no layer b, and none with its numbers"]

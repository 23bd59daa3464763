"""A comparison is verified like an audit: its fingerprint, its words, its pages, the files, and all of it once more."""

import json
import re
import shutil

import pytest
from safetensors.torch import save_file
from tampering import network, outcomes

import netaudit
from netaudit.cli.main import main
from netaudit.comparing.result import Comparison
from netaudit.errors import ReportError
from netaudit.results.fingerprint import fingerprint
from netaudit.verifying.again import Given
from netaudit.verifying.comparison import AGAIN
from netaudit.verifying.verify import verify


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Two files of weights, and the folder ``made`` of their comparison."""
    folder = tmp_path_factory.mktemp("compared")
    save_file(network(0), folder / "a.safetensors")
    save_file({name: tensor + 0.01 for name, tensor in network(0).items()}, folder / "b.safetensors")
    found = netaudit.compare(folder / "a.safetensors", folder / "b.safetensors", ladder=False)
    found.write(folder / "made")
    return folder


@pytest.fixture
def folder(kept, tmp_path):
    return shutil.copytree(kept, tmp_path / "compared")


def given(folder, first="a", second="b"):
    return Given(folder / f"{first}.safetensors", others=(folder / f"{second}.safetensors",))


def edited(folder, change, *, sealed=True):
    path = folder / "made" / "compare.json"
    data = json.loads(path.read_text())
    change(data)
    if sealed:
        data["fingerprint"] = fingerprint(data)
    path.write_text(json.dumps(data))
    return path


def test_what_was_written_is_as_it_was(folder):
    found = verify(folder / "made", given(folder), rerun=True)
    assert found.same
    assert set(outcomes(found).values()) == {"same"}
    assert {
        "compare.html: what it shows", "compare.pdf: what it shows", "one comparison in all files", "figures/",
        "file of a.safetensors", "file of b.safetensors", AGAIN,
    } <= set(outcomes(found))  # fmt: skip


def set_size(data):
    data["pairs"][0]["layers"][0]["change"]["relative"] *= 1.01


def set_word(data):
    data["pairs"][0]["layers"][0]["word"] = "identical"


def set_rule(data):
    data["pairs"][0]["layers"][0]["rule"] = "a_rule_of_mine"


def set_word_of_network(data):
    data["pairs"][0]["word"] = "unrelated"


def set_version(data):
    data["versions"]["netaudit"] = "0.0.9"


def drop_fingerprint(data):
    del data["fingerprint"]


@pytest.mark.parametrize(
    ("change", "sealed", "what"),
    [
        (set_size, False, "compare.json: fingerprint of its numbers"),
        (set_word, True, "compare.json: words"),
        (set_rule, True, "compare.json: words"),
        (set_word_of_network, True, "compare.json: words"),
        (set_version, True, "compare.json: version"),
        (drop_fingerprint, False, "compare.json: fingerprint of its numbers"),
    ],
)
def test_a_change_is_found_and_named(folder, change, sealed, what):
    found = verify(edited(folder, change, sealed=sealed))
    assert [name for name, outcome in outcomes(found).items() if outcome == "differs"] == [what]
    assert not found.same


def test_a_forged_number_is_found_by_its_pages_and_by_running_it_again(folder):
    edited(folder, set_size)
    assert outcomes(verify(folder / "made"))["one comparison in all files"] == "differs"
    found = verify(folder / "made" / "compare.json", given(folder), rerun=True)
    assert outcomes(found)[AGAIN] == "differs"
    [says] = [check.says for check in found.checks if check.what == AGAIN]
    assert says.startswith("pairs[0].layers[0].change.relative is ")
    assert ";" not in says


def test_a_changed_page_is_found(folder):
    path = folder / "made" / "compare.html"
    path.write_text(re.sub("fine-tuned", "identical", path.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    assert outcomes(verify(path))["compare.html: what it shows"] == "differs"


def test_other_files(folder):
    path = folder / "made" / "compare.json"
    found = verify(path, given(folder, "b", "a"))
    assert [outcomes(found)[f"file of {name}.safetensors"] for name in "ab"] == ["differs", "differs"]
    save_file({name: tensor.double() for name, tensor in network(0).items()}, folder / "c.safetensors")
    found = verify(path, given(folder, "c", "b"), rerun=True)
    assert outcomes(found)["file of a.safetensors"] == "not checked"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"given": Given("a.safetensors")}, "of 2 networks, and 1 are named"),
        ({"given": Given("a", others=("b", "c"))}, "of 2 networks, and 3 are named"),
        ({"rerun": True}, "--rerun compares the weights again"),
        ({"given": Given(base="x")}, "has no data, base or first weights"),
    ],
)
def test_what_does_not_fit_is_one_line(folder, options, says):
    with pytest.raises(ReportError, match=says) as caught:
        verify(folder / "made" / "compare.json", **options)
    assert "\n" not in str(caught.value)


def test_without_weights_the_rest_is_checked(folder):
    found = verify(folder / "made" / "compare.json")
    assert found.same
    assert outcomes(found)["weights"] == "not checked"


def test_an_untrained_twin_needs_no_file(folder):
    made = netaudit.compare(folder / "a.safetensors", vs_init=True, ladder=False)
    made.to_json(folder / "twin.json")
    found = verify(folder / "twin.json", Given(folder / "a.safetensors"), rerun=True)
    assert outcomes(found)[AGAIN] == "same"


def test_a_network_of_no_file_is_named_all_the_same(folder):
    made = netaudit.compare(network(0), network(1), ladder=False)
    assert isinstance(made, Comparison)
    made.to_json(folder / "modules.json")
    found = verify(folder / "modules.json", given(folder))
    assert set(outcomes(found).values()) == {"same", "not checked"}


def test_an_audit_is_of_one_network(audited):
    weights = audited / "net.safetensors"
    with pytest.raises(ReportError, match="an audit is of one network"):
        verify(audited / "report" / "audit.json", Given(weights, others=(weights,)))


def test_the_command_line(folder, capsys):
    weights = [part for name in "ab" for part in ("--weights", str(folder / f"{name}.safetensors"))]
    with pytest.raises(SystemExit) as leaving:
        main(["verify", str(folder / "made" / "compare.json"), *weights, "--rerun"])
    assert leaving.value.code == 0
    assert "the weights give these numbers again" in " ".join(capsys.readouterr().out.split())


def test_another_number_of_threads_is_no_difference(folder):
    path = edited(folder, lambda data: data.update(threads=77))
    assert outcomes(verify(path, given(folder), rerun=True))[AGAIN] == "same"

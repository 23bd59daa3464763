"""Typing mistakes: one line, and what may have been meant."""

import signal

import pytest
import torch

from netaudit.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network ``net.pt``, another, and a folder without weights."""
    folder = tmp_path_factory.mktemp("mistakes")
    for name in ("net.pt", "other.pt"):
        state = {"fc.weight": torch.randn(4, 6), "top.weight": torch.randn(3, 4)}
        torch.save(state if name == "net.pt" else {**state, "conv.weight": torch.randn(2, 2, 3, 3)}, folder / name)
    (folder / "notes").mkdir()
    (folder / "notes" / "readme.txt").write_text("no weights")
    (folder / "empty").mkdir()
    return folder


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Run a command line there: exit code, standard output, the lines of standard error."""
    monkeypatch.chdir(folder)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main(list(arguments))
        printed = capsys.readouterr()
        return leaving.value.code, printed.out, printed.err.splitlines()

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


READS = "; netaudit reads safetensors"
MISTAKES = {
    ("layer", "net.pt"): "did you mean `netaudit layers`?",
    ("layer",): "did you mean `netaudit layers`?",
    ("help",): "did you mean `netaudit --help`?",
    ("version",): "did you mean `netaudit --version`?",
    ("",): "`netaudit .` audits the folder that you are in",
    ("https://example.org/net.pt",): "download the file, and name it",
    ("https://huggingface.co/org/name",): "hf:org/name fetches that repository",
    ("file:///tmp/net.pt",): "name the file by its path, without file://",
    ("org/name",): "a repository of the Hugging Face hub has a prefix: hf:org/name",
    ("no/such/net.pt",): "there is no folder no",
    ("nett.pt",): "close to it: net.pt",
    ("NET.PT",): "close to it: net.pt",
    ("net",): "this folder has net.pt",
    ("./net",): "close to it: net.pt",
    ("x*.pt",): "no file is of this pattern",
    ("*.pt",): "one network is audited at a time, and this pattern stands for net.pt, other.pt",
    ("mnist-mpl",): "close to it: mnist-mlp",
    ("MNIST-MLP",): "close to it: mnist-mlp",
    ("zoo:mnist_mlp",): "close to it: mnist-mlp",
    ("mnist-mlp.pt",): "a bundled network has no suffix: mnist-mlp",
    ("notes",): f"it holds none, only readme.txt{READS}",
    ("./empty",): f"it holds none{READS}",
    ("net.pt", "--layers", "fc,top"): "for several repeat the option: --layers fc --layers top",
    ("net.pt", "--layers", "zzz"): "its fully connected layers: fc, top",
    ("net.pt", "--layers", "top", "--layers", "FC1*"): "close to it: fc",
    ("layers", "net.pt", "--layers", "fcc"): "close to it: fc",
    ("net.pt", "--as-layer", "fcc"): "close to it: fc",
    ("net.pt", "--not-layer", "zzz*"): "there are: fc, top",
    ("layers", "net.pt", "--not-layer", "tip"): "close to it: top",
    (
        "other.pt",
        "--as-layer",
        "conv",
    ): "a fully connected layer is a matrix of floating-point numbers, or a convolution",
    ("net.pt", "--weights", "othr.pt"): "for instance: alexnet --weights FILE",
    ("alexnet", "--weights", "othr.pt"): "close to it: other.pt",
    ("net.pt", "--outt", "x"): "`netaudit audit --help` shows the usage",
    ("study", "theroy"): "`netaudit study --help` shows the usage",
}


@pytest.mark.parametrize("arguments", MISTAKES, ids=" ".join)
def test_a_mistake_gets_a_line_on_what_to_do(run, arguments):
    code, out, (error, *hints) = run(*arguments)
    assert (code, out) == (2, "")
    assert error.startswith("netaudit: error: ")
    assert any(hint.startswith(f"hint: {MISTAKES[arguments]}") for hint in hints)
    assert len(hints) <= 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("net.pt", "--outt", "x"), "'--out'"),
        (("net.pt", "--layer", "x"), "'--layers'"),
        (("net.pt", "--format", "pdff"), "'pdff' (did you mean pdf?): a comma-separated choice of html"),
        (("net.pt", "--analyses", "gaussian_weight"), "(did you mean gaussian_weights?)"),
        (("net.pt", "--analyses", "law"), "'law' (did you mean singular_law?)"),
        (("study", "theroy"), "'theory'"),
        (("net.pt", "--layers", "fcc"), "net.pt: --layers fcc matches no layer"),
        (("other.pt", "--layers", "conv"), "other.pt: --layers conv matches only what is skipped: conv: "),
        (("other.pt", "--as-layer", "conv"), "--as-layer conv matches nothing that can be audited: "),
        (("net.pt", "--out", ""), "the name of the folder is empty"),
        (("render", "net.pt", "--out", " "), "the name of the folder is empty"),
        (("net.pt", "--out", "a" * 300), "longer than 255 bytes"),
    ],
)
def test_the_error_itself_names_what_is_close(run, arguments, says):
    code, out, (error, *_) = run(*arguments)
    assert (code, out) == (2, "")
    assert says in error


def test_layers_says_which_glob_matches_nothing(run):
    code, out, err = run("layers", "net.pt", "--exclude", "fc,top", "--exclude", "fc", "--exclude", "zzz")
    assert (code, err) == (0, [])
    told = "--exclude fc,top matches no layer\n--exclude zzz matches no layer\n"
    assert told + "for several repeat the option: --exclude fc --exclude top\n" in out


def test_the_exit_codes_are_in_the_help(run):
    code, out, _ = run("--help")
    assert code == 0
    assert "0 done; 1 audited" in out
    assert "130 interrupted by Ctrl-C" in " ".join(out.split())


def test_a_head_of_very_many_layers_is_named_by_its_ends(run, folder):
    torch.save({f"fc{i}.weight": torch.zeros(4, 4) for i in range(40)}, folder / "deep.pt")
    [head] = [line for line in run("layers", "deep.pt")[1].splitlines() if line.startswith("Head")]
    assert "fc5 relu > ... 28 more ... > fc34 relu" in head


def test_an_audit_says_which_glob_matches_nothing(run):
    options = ("--exclude", "zzz", "--analyses", "edge_tests", "--format", "json", "--no-run-file")
    code, out, err = run("net.pt", *options)
    assert (code, err) == (0, [])
    assert "\nNote: --exclude zzz matches no layer.\n" in out


def test_a_name_that_two_libraries_have_is_named_once(run):
    [close] = [hint for hint in run("resnet5")[2] if "close to it" in hint]
    found = close.partition("close to it: ")[2].split(", ")
    assert found[0] == "resnet50"
    assert len(set(found)) == len(found) == 3

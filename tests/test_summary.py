import pytest

from netaudit.results import Coverage, Finding, LayerResult, StackResult, StackRun
from netaudit.summary import summarise

NO_STACK = StackResult((), False, (), ())


def layer(name, verdict):
    finding = Finding("gaussian_weights", verdict, None, None, None, None, None, {})
    return LayerResult(name, (2, 3), "float32", None, "Linear", (finding,))


def text(*verdicts, stack=NO_STACK):
    layers = [layer(f"fc{i}", verdict) for i, verdict in enumerate(verdicts, 6)]
    return summarise("net", layers, ["gaussian_weights"], stack, Coverage(200, 150))["text"]


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (["holds", "holds"], "The weights are Gaussian: holds in all 2 layers judged."),
        (["holds"], "The weights are Gaussian: holds in the one layer judged."),
        (["undecided", "not_applicable"], "The weights are Gaussian: undecided in the one layer judged."),
        (
            ["holds", "fails", "undecided", "not_applicable"],
            "The weights are Gaussian: holds in 1 of the 3 layers judged (fails: fc7; undecided: fc8).",
        ),
        (
            ["fails"] * 5,
            "The weights are Gaussian: holds in none of the 5 layers judged (fails: fc6, fc7, fc8 and 2 more).",
        ),
        (["not_applicable"], "Whether the weights are Gaussian could not be judged in any layer."),
    ],
)
def test_sentences(verdicts, sentence):
    assert text(*verdicts)[1] == sentence


def test_the_first_sentence_says_how_much_was_audited():
    assert text("holds", "fails")[0] == "2 fully connected layers of net were audited: 150 of 200 parameters (75.0%)."
    assert text("holds")[0].startswith("1 fully connected layer of net was audited")


def test_the_counts_add_up():
    layers = [layer("a", "holds"), layer("b", "fails"), layer("c", "fails")]
    counts = summarise("net", layers, ["gaussian_weights"], NO_STACK, Coverage(1, 1))["claims"]["gaussian_weights"]
    assert counts == {"holds": 1, "fails": 2, "undecided": 0, "not_applicable": 0}


def test_the_stack_in_a_sentence_prefers_real_inputs():
    runs = tuple(StackRun(source, 1.0, 40, 0.9, None, 0.1, 0.12, None) for source in ("onehot", "softmax"))
    last = text("holds", stack=StackResult(("a", "b"), False, ("relu", "linear"), runs))[-1]
    assert "the stack of 2 layers" in last
    assert "answers to real inputs come back with the same label in 90.0% of 40 cases" in last
    assert "chance 10.00%, independent matrices 12.0%" in last

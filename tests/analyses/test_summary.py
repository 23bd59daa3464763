import pytest
from netaudit.analyses.summary import summarise

from netaudit.results import Coverage, Finding, HiddenUnits, LayerResult, StackResult, StackRun

NO_STACK = StackResult((), False, (), ())


def layer(name, verdict):
    finding = Finding("gaussian_weights", verdict, None, None, None, None, None, {})
    return LayerResult(name, (2, 3), "float32", None, "Linear", (finding,))


def text(*verdicts, stack=NO_STACK, units=()):
    layers = [layer(f"fc{i}", verdict) for i, verdict in enumerate(verdicts, 6)]
    return summarise("net", layers, ["gaussian_weights"], stack, Coverage(200, 150), units)["text"]


def pair(verdict, r, dead=0, unused=0, duplicates=0):
    return HiddenUnits("a", "b", "relu", 9, dead, unused, duplicates, verdict, 9, r)


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


@pytest.mark.parametrize(
    ("units", "says"),
    [
        ([pair("trained", 0.961)], "trained (r = 0.96). None was found dead, unused or a duplicate."),
        (
            [pair("trained", 0.961), pair("trained", 0.894)],
            "trained in 2 of 2 pairs of layers (r = 0.96, 0.89). None was found dead, unused or a duplicate.",
        ),
        (
            [pair("undecided", 0.3), pair("trained", 0.8, 1, 2), pair("as_at_initialisation", 0.01, 3, 4, 1)],
            "undecided in 1 of 3 pairs of layers (r = 0.30); trained in 1 (r = 0.80); as at initialisation in 1 "
            "(r = 0.01). Found: 4 dead, 6 unused, 1 duplicate.",
        ),
        ([pair("opposed", -0.5)] * 5, "opposed in 5 of 5 pairs of layers (r = -0.50, -0.50, -0.50 and 2 more). None"),
        ([pair("not_applicable", None, 0, None, 0)], "not judged. None was found"),
        ([pair("not_applicable", None, None, 7, None)], "not judged. Found: 0 dead, 7 unused, 0 duplicates."),
        ([pair("not_applicable", None, None, None, None)] * 2, "not judged in 2 of 2 pairs of layers."),
    ],
)
def test_hidden_units_in_a_sentence(units, says):
    last = text("holds", units=units)[-1]
    start = "Hidden units, by the correlation r of their incoming with their outgoing norms: "
    assert last.startswith(start + says)
    assert ("found" in last.lower()) is ("ound" in says or says.endswith("None"))


def test_no_hidden_units_no_sentence():
    assert "Hidden units" not in " ".join(text("holds"))

from synthetic import injectivity
from synthetic.drawing import svg

from netaudit.analyses.network.injectivity.payload import Injectivity
from netaudit.analyses.network.injectivity.present import WHY, method, present, words
from netaudit.geometry.injectivity.certificate import REASONS


def test_words():
    assert words(injectivity.example()) == (
        "Proved injective: 0 of 2 layers with a ReLU (2 proved not to be, 0 undecided). "
        "Proved injective: 1 of 3 shadow directions (0 proved not to be, 2 undecided). "
        "On real inputs the median number of active units lies within the budget of an exact inverse in 2 of 2 layers. "
        "Undecided means that nothing was proved within the time that an audit takes."
    )


def test_words_of_little():
    top = injectivity.example().layers[-1:]
    found = words(Injectivity(top, ("a\nb",)))
    assert found == (
        "Proved injective: 1 of 1 shadow direction (0 proved not to be, 0 undecided). "
        "Left out (skipped, not finite or too large): a\\nb."
    )


def test_table(place):
    shown = present(injectivity.example(("a", "<b>", "c")), place("a", "<b>", "c"))
    paragraph, table, twins = shown.blocks
    assert paragraph.spans[0].text == words(injectivity.example())
    cells = [[span.text for span in row] for row in table.rows]
    assert cells[0] == ["a", "no (too few rows)", "undecided", "1.6", "47", "31.5", "96%", "0%", "12.5"]
    assert cells[1][0] == "<b>"
    assert cells[2] == ["c", "no ReLU", "yes (exact search)", "40", "29", "–", "–", "–", "–"]
    assert all(len(row) == len(table.columns) for row in cells)
    beside = [[span.text for span in row] for row in twins.rows]
    assert beside[:3] == [
        ["a", "its own", "no", "190", "undecided", "300", "12.5"],
        ["a", "Gaussian", "no", "180", "undecided", "310", "4.5"],
        ["a", "shuffled", "no", "185", "undecided", "305", "–"],
    ]
    assert len(beside) == 6
    [figure] = shown.figures
    assert "lies 0.25 from it (5% of its length). 120 rows" in figure.caption
    assert "<svg" in svg(figure)


def test_every_step_has_words():
    assert WHY.keys() == REASONS.keys()


def test_references():
    assert len(method().references) == 2

"""``netaudit study``: what it lists, and the names that its commands had before."""

import click
import pytest

from netaudit.cli.main import cli, main
from netaudit.cli.study import study

STUDIES = {
    "theory": "Test the theory on random networks.",
    "calibration": "Measure how often each verdict is right.",
    "shadow-training": "Does training on shadows help?",
    "curves": "Follow each claim through training runs.",
    "initialisation": "From which step is training seen?",
    "survey": "How random-like are real layers?",
    "truncation": "What do the last blocks of a residual network change?",
    "geometry-claims": "Calibrate the geometry of a network.",
    "injectivity": "From how many rows is a layer injective?",
    "linear-regions": "Follow the linear regions through training runs.",
    "comparison": "How often is a word of compare right?",
    "recurrent": "Do networks that read texts have a line attractor?",
}
EARLIER = {"theory": "theory", "calibrate": "calibration", "shadow-study": "shadow-training", "curves": "curves"}


@pytest.fixture
def told(capsys):
    """What a command line prints, which must end well."""

    def call(*arguments):
        with pytest.raises(SystemExit) as leaving:
            main(list(arguments))
        captured = capsys.readouterr()
        assert (leaving.value.code, captured.err) == (0, "")
        return captured.out

    return call


def listed(help_text):
    """The commands that a help text lists, each with its words."""
    lines = help_text.partition("Commands:\n")[2].splitlines()
    return {line.split()[0].rstrip("*"): " ".join(line.split()[1:]) for line in lines}


def test_the_group_lists_the_studies_one_whole_line_each(told):
    assert listed(told("study")) == STUDIES
    assert told("study", "--help") == told("study")


def test_the_first_help_shows_what_a_user_comes_for(told):
    commands = {"audit", "compare", "layers", "analyses", "zoo", "render", "verify", "train", "study"}
    assert set(listed(told("--help"))) == commands


@pytest.mark.parametrize(("earlier", "name"), EARLIER.items())
def test_the_earlier_names_do_the_same_and_are_hidden(earlier, name):
    alias, command = cli.get_command(click.Context(cli), earlier), study.get_command(click.Context(study), name)
    assert alias.hidden
    assert not command.hidden
    assert alias.callback is command.callback
    assert alias.params == command.params


def test_an_earlier_name_takes_its_options(told):
    ours, theirs = told("calibrate", "--help"), told("study", "calibration", "--help")
    assert ours.splitlines()[1:] == theirs.splitlines()[1:]


def test_a_study_that_is_none_is_told_in_one_line(capsys):
    with pytest.raises(SystemExit) as leaving:
        main(["study", "astrology"])
    assert leaving.value.code == 2
    assert capsys.readouterr().err.splitlines()[0] == "netaudit: error: No such command 'astrology'."

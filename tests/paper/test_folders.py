"""Formats with a folder of their own: a new report takes the place of the old one, and of nothing else."""

import pytest
from click.testing import CliRunner

from netaudit.cli.main import cli
from netaudit.errors import ReportError
from netaudit.report.write import files_of, write_files


def test_a_new_report_takes_the_old_one_away_and_leaves_the_users_files(report, tmp_path):
    report.write(tmp_path, ["json", "csv"])
    (tmp_path / "csv" / "mine.csv").write_text("mine")
    (tmp_path / "csv" / "network.csv").write_text("changed by hand")
    report.write(tmp_path, ["json"])
    assert sorted(path.name for path in (tmp_path / "csv").iterdir()) == ["mine.csv", "network.csv"]
    assert not (tmp_path / ".netaudit-work").exists()


def test_a_folder_that_holds_nothing_else_goes(report, tmp_path):
    report.write(tmp_path, ["json", "csv"])
    report.write(tmp_path, ["json"])
    assert not (tmp_path / "csv").exists()


@pytest.mark.parametrize("name", ["../outside.txt", "/etc/passwd", "a/../../outside.txt", ".hidden", "tables/../x.tex"])
def test_a_list_names_no_file_elsewhere(tmp_path, name):
    folder = tmp_path / "paper"
    write_files({"a.tex": b"a"}, folder)
    (tmp_path / "outside.txt").write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    with (folder / "MANIFEST.txt").open("a") as file:
        file.write(f"{empty}  {name}\n")
    assert files_of(folder) == [folder / "a.tex", folder / "MANIFEST.txt"]


def test_a_file_in_the_place_of_a_folder_is_refused(report, tmp_path):
    (tmp_path / "csv").write_text("mine")
    with pytest.raises(ReportError, match="csv: cannot write: it is not a folder"):
        report.write(tmp_path, ["csv"])
    assert (tmp_path / "csv").read_text() == "mine"


def test_render_makes_the_folders_that_are_there_anew(report, tmp_path):
    report.write(tmp_path, ["json", "csv"])
    before = (tmp_path / "csv" / "MANIFEST.txt").read_bytes()
    done = CliRunner().invoke(cli, ["render", str(tmp_path / "audit.json"), "--format", "card", "--quiet"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "audit.card.md").is_file()
    assert (tmp_path / "csv" / "MANIFEST.txt").read_bytes() == before


def test_an_unknown_venue_is_one_line(tmp_path):
    done = CliRunner().invoke(cli, ["render", "audit.json", "--venue", "nature"])
    assert done.exit_code == 2
    assert "'nature' is not one of 'neurips', 'icml', 'iclr', 'cvpr', 'jmlr'" in done.output

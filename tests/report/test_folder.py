"""A report's folder: the files of one run only, an earlier report until the new one is whole, one run at a time."""

import os
import subprocess
import sys

import pytest
from synthetic_documents import unfinished

from netaudit.errors import ReportError
from netaudit.report.document.finish import finish
from netaudit.report.folder import WORK, report_folder, write_whole

FIGURE = '<?xml version="1.0" encoding="utf-8"?>\n<svg role="img" aria-labelledby="{}-title" width="1pt">'
OLD = {"audit.html", "audit.json", "audit.pdf", "run.json", "figures/layer_001_a.svg", "figures/layer_002_a.svg"}
NEW = {"audit.html", "audit.json", "run.json", "figures/layer_001_a.svg"}
OWN = {"notes.txt", "figures/overview.svg", "audit.md"}


class Killed(BaseException):
    """What ends a process between two steps."""


def put(folder, names, text):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FIGURE.format(path.stem) + text if path.suffix == ".svg" and name not in OWN else text)


def files(folder):
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}


def runs(folder):
    """Which run each file of a report is from."""
    return {path.read_text()[-3:] for name, path in files(folder).items() if name not in OWN and WORK not in name}


def use(folder, names=NEW, text="new"):
    with report_folder(folder) as place:
        put(place.new, names, text)
        place.replace()


@pytest.fixture
def folder(tmp_path):
    """A folder with an earlier report and files of the user's."""
    put(tmp_path / "out", OLD, "old")
    put(tmp_path / "out", OWN, "own")
    return tmp_path / "out"


def test_a_new_report_takes_the_place_of_the_earlier_one(folder):
    use(folder)
    assert set(files(folder)) == NEW | OWN
    assert runs(folder) == {"new"}


def test_a_folder_that_is_not_there_is_made_and_goes_again_if_nothing_comes(tmp_path):
    use(tmp_path / "a" / "b")
    assert set(files(tmp_path / "a" / "b")) == NEW
    with report_folder(tmp_path / "c"):
        pass
    assert not (tmp_path / "c").exists()


def test_the_earlier_report_stays_where_the_new_one_is_not_whole(folder):
    with report_folder(folder) as place:
        put(place.new, ["audit.json", "audit.html"], "new")
    assert set(files(folder)) == OLD | OWN
    assert runs(folder) == {"old"}


@pytest.mark.parametrize("step", range(13))
def test_the_files_of_two_runs_are_never_side_by_side(folder, monkeypatch, step):
    """Killed before each of the moves: from the earlier report on to the new one."""
    left, replace = [100], os.replace

    def counted(*arguments):
        if not left[0]:
            raise Killed
        left[0] -= 1
        return replace(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("netaudit.report.folder.ReportFolder.tidy", lambda place: None)
        patched.setattr(os, "replace", counted)
        with report_folder(folder) as place:
            put(place.new, NEW, "new")
            left[0] = step
            try:
                place.replace()
                killed = False
            except Killed:
                killed = True
    assert killed == (step < 12)
    assert len(runs(folder)) <= 1
    with report_folder(folder):
        pass
    assert set(files(folder)) == (OLD if step == 0 else NEW) | OWN
    assert runs(folder) == {"old" if step == 0 else "new"}


def whole(folder, formats=("json", "text"), **options):
    return write_whole(finish(unfinished()), folder, formats, **options)


def test_a_report_that_is_written_whole_takes_the_place_of_the_earlier_one(folder):
    written = whole(folder)
    assert written == {"json": folder / "audit.json", "text": folder / "audit.txt"}
    assert set(files(folder)) == {"audit.json", "audit.txt"} | OWN
    assert whole(folder, ("html",))["figures"] == folder / "figures"
    assert set(files(folder)) == {"audit.html", *(f"figures/{each}.svg" for each in ("left", "right", "alone"))} | OWN


def test_where_one_format_fails_the_earlier_report_stays(folder, monkeypatch):
    def fail(*arguments, **options):
        raise MemoryError

    monkeypatch.setattr("netaudit.report.renderers.pdf._compile", fail)
    with pytest.raises(MemoryError):
        whole(folder, ("json", "text", "pdf"))
    assert set(files(folder)) == OLD | OWN
    assert runs(folder) == {"old"}


def test_what_an_audit_kept_stays_where_another_report_is_written(folder):
    with report_folder(folder) as place:
        put(place.layers, ["a.json", "network/b.json", "network/.netaudit-0.tmp"], "kept")
    whole(folder, stays=("run.json",))
    assert {path.name for path in (folder / WORK / "layers").rglob("*.*")} == {"a.json", "b.json"}
    assert "run.json" in files(folder)
    assert not (folder / WORK / "new").exists()


@pytest.mark.parametrize("name", ["figures", ".netaudit-0.tmp", f"{WORK}/layers/.netaudit-0.tmp"])
def test_whatever_has_the_name_of_a_file_of_ours_ends_in_one_line_or_is_left(tmp_path, name):
    put(tmp_path, [name], "own")
    if name != "figures":
        (tmp_path / name).unlink()
        (tmp_path / name).mkdir()
        use(tmp_path)
        return
    with pytest.raises(ReportError, match="figures: cannot write: it is not a folder"), report_folder(tmp_path):
        pytest.fail("the work began")


def test_what_is_kept_stays_until_a_report_is_whole(folder):
    with report_folder(folder) as place:
        put(place.layers, ["a.json", ".netaudit-0.tmp"], "kept")
    assert {path.name for path in (folder / WORK / "layers").iterdir()} == {"a.json"}
    with report_folder(folder) as place:
        assert (place.layers / "a.json").is_file()
    with report_folder(folder, fresh=True) as place:
        assert not place.layers.exists()
        put(place.layers, ["b.json"], "kept")
    use(folder)
    assert not (folder / WORK).exists()


def test_what_a_killed_run_left_is_removed(folder):
    put(folder, [".netaudit-0123456789abcdef.tmp", f"{WORK}/.netaudit-0.tmp", f"{WORK}/new/audit.html"], "part")
    with report_folder(folder) as place:
        assert not any(place.new.iterdir())
    assert set(files(folder)) == OLD | OWN


def test_one_finished_file_is_saved_where_no_report_is(folder, tmp_path):
    with report_folder(folder) as place:
        put(place.new, ["audit.json"], "new")
        assert not place.rescue("audit.json")
    assert runs(folder) == {"old"}
    with report_folder(tmp_path / "empty") as place:
        assert not place.rescue("audit.json")
        put(place.new, ["audit.json"], "new")
        assert place.rescue("audit.json")
    assert set(files(tmp_path / "empty")) == {"audit.json"}


def test_a_second_run_is_refused_until_the_first_has_ended_or_died(tmp_path):
    code = f"""
import os, sys
from pathlib import Path
from netaudit.report.folder import report_folder
with report_folder(Path({str(tmp_path)!r})) as place:
    print("in", flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"in\n"
    with (
        pytest.raises(ReportError, match=r"another netaudit is at work in this folder") as caught,
        report_folder(tmp_path),
    ):
        pass
    assert "--out DIR" in caught.value.hints[0]
    process.kill()
    process.communicate()
    assert (tmp_path / WORK / "lock").exists()
    use(tmp_path)
    assert runs(tmp_path) == {"new"}


def test_a_file_in_the_way_is_found_before_the_work(folder):
    (folder / "audit.txt").mkdir()
    with pytest.raises(ReportError, match=r"audit\.txt: cannot write: it is not a regular file"), report_folder(folder):
        pytest.fail("the work began")
    assert runs(folder) == {"old"}


def test_a_place_that_cannot_be_written_is_found_before_the_work(tmp_path, run_python):
    pytest.importorskip("resource")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ReportError, match="cannot write"), report_folder(tmp_path / "file"):
        pytest.fail("the work began")
    code = f"""
import resource
from pathlib import Path
from netaudit.errors import ReportError
from netaudit.report.folder import report_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
try:
    with report_folder(Path({str(tmp_path / "full")!r})):
        print("the work began")
except ReportError as error:
    print(error)
"""
    assert run_python(code).endswith("cannot write: the file is larger than is allowed here\n")
    assert not (tmp_path / "full").exists()

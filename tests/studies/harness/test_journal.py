import json

import pytest

from netaudit.errors import ReportError
from netaudit.studies.harness.journal import Journal

NAME = "study.journal.jsonl"


def record(seed, cell="gaussian 8x8 0", **more):
    return {"cell": cell, "seed": seed, **more}


def test_what_was_kept_is_there_again(tmp_path):
    with Journal(tmp_path / NAME, "one") as journal:
        journal.begin({"date": "2026-01-01"})
        journal.add(record(0, value=0.1))
        journal.add(record(1, value=1e-17 + 0.1))
    with Journal(tmp_path / NAME, "one") as journal:
        assert ("gaussian 8x8 0", 1) in journal
        assert ("gaussian 8x8 0", 2) not in journal
        assert journal.runs == [{"date": "2026-01-01"}]
        assert journal.of("gaussian 8x8 0", range(2)) == [record(0, value=0.1), record(1, value=1e-17 + 0.1)]
        with pytest.raises(KeyError, match="gaussian 8x8 0"):
            journal.of("gaussian 8x8 0", range(3))


def test_a_record_is_on_disk_at_once(tmp_path):
    with Journal(tmp_path / NAME, "one") as journal:
        journal.add(record(0))
        assert json.loads((tmp_path / NAME).read_text().splitlines()[-1]) == record(0)


def test_another_fingerprint_begins_anew(tmp_path):
    with Journal(tmp_path / NAME, "one") as journal:
        journal.begin({"date": "2026-01-01"})
        journal.add(record(0))
    with Journal(tmp_path / NAME, "two") as journal:
        assert ("gaussian 8x8 0", 0) not in journal
        assert journal.runs == []
    assert (tmp_path / NAME).read_text() == '{"fingerprint": "two"}\n'


@pytest.mark.parametrize("end", ['{"cell": "gaussian 8x8 0", "se', "\x00\x00", "[1, 2]\n", "17\n", "é"])
def test_half_a_line_at_the_end_is_dropped(tmp_path, end):
    with Journal(tmp_path / NAME, "one") as journal:
        journal.add(record(0))
    with (tmp_path / NAME).open("a", encoding="utf-8") as file:
        file.write(end)
    with Journal(tmp_path / NAME, "one") as journal:
        assert ("gaussian 8x8 0", 0) in journal
        journal.add(record(1))
    assert [json.loads(line).get("seed") for line in (tmp_path / NAME).read_text().splitlines()] == [None, 0, 1]


def test_a_folder_in_its_place(tmp_path):
    (tmp_path / NAME).mkdir()
    with pytest.raises(ReportError, match=r"study\.journal\.jsonl: cannot read"):
        Journal(tmp_path / NAME, "one")

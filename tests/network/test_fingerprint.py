import hashlib
import shutil
import subprocess

import pytest

from netaudit.errors import SourceError
from netaudit.network.fingerprint import files_sha256, hash_matches_name, unchanged_files


@pytest.fixture
def files(tmp_path):
    paths = tuple(
        tmp_path / name for name in ("b-00002.safetensors", "b-00001.safetensors", "b.safetensors.index.json")
    )
    for path in paths:
        path.write_text(path.name)
    return paths


def silent(message, done, total):
    pass


def fingerprint(files):
    with unchanged_files(files, silent) as digest:
        return digest


def test_of_one_file_it_is_its_own(files):
    assert fingerprint(files[:1]) == hashlib.sha256(files[0].read_bytes()).hexdigest()
    assert fingerprint(()) is None


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
def test_of_several_it_is_what_sha256sum_says(files):
    command = "LC_ALL=C sha256sum * | sha256sum"
    said = subprocess.run(command, shell=True, cwd=files[0].parent, capture_output=True, text=True, check=True).stdout
    assert fingerprint(files) == fingerprint(files[::-1]) == said.split()[0]


def test_of_several_it_depends_on_names_and_contents():
    digests = {"a": "0" * 64, "b": "1" * 64}
    lines = f"{'0' * 64}  a\n{'1' * 64}  b\n"
    assert files_sha256(digests) == hashlib.sha256(lines.encode()).hexdigest()
    assert len({files_sha256(d) for d in (digests, {"a": "1" * 64, "b": "0" * 64}, {"a": "0" * 64})}) == 3


def test_the_hash_in_a_name(tmp_path):
    named = (tmp_path / "net-0123abcd.pth",)
    assert hash_matches_name(named, "0123abcd" + "0" * 56) is True
    assert hash_matches_name(named, "0123abce" + "0" * 56) is False
    assert hash_matches_name((tmp_path / "net.pth",), "0" * 64) is None
    assert hash_matches_name((tmp_path / "net-0123abcd.safetensors.index.json", *named), "0" * 64) is None
    assert hash_matches_name((), None) is None


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("change", ["rewritten", "gone"])
def test_any_file_that_changes_is_refused(files, which, change):
    name = files[which].name
    with pytest.raises(SourceError, match=f"^{name}: (the file changed|no such file)"), unchanged_files(files, silent):
        files[which].write_text("other text") if change == "rewritten" else files[which].unlink()


def test_progress_counts_bytes(files):
    seen = []
    with unchanged_files(files, lambda *args: seen.append(args)):
        pass
    sizes = [path.stat().st_size for path in files]
    assert [done for _, done, _ in seen] == [0, sizes[0], sizes[0] + sizes[1]]
    assert {total for _, _, total in seen} == {sum(sizes)}
    assert [message for message, _, _ in seen] == [f"reading {path.name}" for path in files]


def test_progress_moves_within_a_large_file(tmp_path, monkeypatch):
    monkeypatch.setattr("netaudit.network.fingerprint._PIECE", 10)
    (tmp_path / "large").write_bytes(b"0123456789" * 3 + b"abc")
    seen = []
    with unchanged_files([tmp_path / "large"], lambda *args: seen.append(args)) as digest:
        pass
    assert digest == hashlib.sha256((tmp_path / "large").read_bytes()).hexdigest()
    assert [done for _, done, _ in seen] == [0, 10, 20, 30]


def test_without_a_hash_nothing_is_read_and_a_change_is_seen_all_the_same(files, monkeypatch):
    monkeypatch.setattr("pathlib.Path.open", None)
    with unchanged_files(files, silent, hashed=False) as digest:
        assert digest is None
    monkeypatch.undo()
    with pytest.raises(SourceError, match="changed"), unchanged_files(files, silent, hashed=False):
        files[0].write_text("other text")

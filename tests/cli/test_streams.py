"""Every terminal: streams that are closed, full or a pipe, encodings without our signs, narrow and dumb terminals."""

import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from netaudit.cli.main import main

NETAUDIT = f"{sys.executable} -m netaudit"
ZOO, MISTAKE = f"{NETAUDIT} zoo", f"{NETAUDIT} mnist-mpl"
FULL = "netaudit: error: cannot write: the disk is full\nhint: standard output, or a cache, takes no more"
GONE = "netaudit: error: the folder that you are in is no longer there, or may not be read\nhint: cd into one that is\n"
WRONG = (
    "netaudit: error: no bundled network, torchvision or timm model is called 'mnist-mpl', and there is no such file\n"
)


@pytest.mark.parametrize(
    ("command", "code", "out", "err"),
    [
        (f"{ZOO} <&-", 0, "mnist-mlp", ""),
        (f"{ZOO} >&-", 0, "", ""),
        (f"{ZOO} 2>&-", 0, "mnist-mlp", ""),
        (f"{ZOO} <&- >&- 2>&-", 0, "", ""),
        (f"{ZOO} > /dev/full", 2, "", FULL),
        (f"{NETAUDIT} --version > /dev/full", 2, "", FULL),
        (f"{MISTAKE} 2>&-", 2, "", ""),
        (f"{MISTAKE} >&- 2>&-", 2, "", ""),
        (f"{MISTAKE} 2> /dev/full", 2, "", ""),
        (f"NETAUDIT_DEBUG=1 {MISTAKE} 2> /dev/full", 2, "", ""),
        (f"{MISTAKE} 2>&1 | true; exit ${{PIPESTATUS[0]}}", 2, "", ""),
        (f"{ZOO} | true; exit ${{PIPESTATUS[0]}}", 0, "", ""),
        (f"LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {ZOO}", 0, "mnist-mlp", ""),
        (f"PYTHONIOENCODING=ascii:strict {MISTAKE}", 2, "", WRONG),
        (f"mkdir gone && cd gone && rmdir ../gone && {ZOO}", 2, "", GONE),
    ],
)  # fmt: skip
def test_a_stream_that_takes_nothing_changes_no_exit_code_but_a_full_one(command, code, out, err, tmp_path):
    if "/dev/full" in command and not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == code
    assert out in done.stdout if out else done.stdout == ""
    assert done.stderr.startswith(err) if err else done.stderr == ""
    assert "Traceback" not in done.stderr


def test_an_alarm_is_raised_although_nobody_reads(tmp_path):
    weight = (2 * torch.rand(30, 40, generator=torch.Generator().manual_seed(0)) - 1) / 40**0.5  # as nn.Linear begins
    torch.save({"fc.weight": weight}, tmp_path / "net.pt")
    options = f"--out {tmp_path}/out --format json --analyses initialisation --fail-on untrained --no-run-file"
    command = f"{NETAUDIT} {tmp_path}/net.pt {options} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_terminal_that_is_gone_is_like_a_pipe_that_nobody_reads():
    """Without SIGHUP, as for a job that was disowned."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    code = "import sys; from netaudit.cli.main import main; sys.stdin.read(1); main(['zoo'])"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=follower, stderr=follower, start_new_session=True
    )
    os.close(follower)
    os.close(leader)
    process.communicate(b"x", timeout=60)
    assert process.returncode == 0


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path):
    code = f"""
import os
from netaudit.cli import streams
streams.prepare()
number = os.open({str(tmp_path / "report")!r}, os.O_CREAT | os.O_WRONLY)
os.write(number, str(number).encode())
print("lost", flush=True)
"""
    subprocess.run(["bash", "-c", 'exec "$@" <&- >&- 2>&-', "-", sys.executable, "-c", code], check=True)
    assert int((tmp_path / "report").read_text()) > 2


@pytest.fixture
def audited(tmp_path, monkeypatch):
    """Audit a small network with names of two lengths, in this process, printing in an encoding: what was printed."""
    generator = torch.Generator().manual_seed(0)
    path = tmp_path / "net.pt"
    torch.save({f"{name}.weight": torch.randn(30, 40, generator=generator) for name in ("σ層", "layer")}, path)
    monkeypatch.chdir(tmp_path)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(encoding):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(SystemExit) as leaving:
            main([str(path), "--format", "json", "--analyses", "gaussian_weights", "--nulls", "none", "--no-run-file"])
        assert leaving.value.code == 0
        out.flush()
        return out.buffer.getvalue().decode(encoding)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("encoding", "times"), [("utf-8", "×"), ("ascii", "x"), ("latin-1", "×"), ("cp1252", "×"), ("charmap", "×")]
)
def test_an_encoding_without_our_signs_gets_others_in_columns(audited, encoding, times):
    name = "σ層" if encoding == "utf-8" else r"sigma\u5c64"
    printed = audited(encoding).splitlines()
    holds = "●" if encoding == "utf-8" else "+"
    rows = [line for line in printed if f"  30 {times} 40  " in line]
    assert [row.split()[0] for row in rows] == [name, "layer"]
    assert all(row.endswith(f"{holds} holds") for row in rows)
    assert encoding == "utf-8" or len({row.index(f"30 {times} 40") for row in rows}) == 1


def on_a_terminal(*arguments, columns, **environment):
    """What a command prints on a terminal of that width."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "netaudit", *arguments], stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
        env={**os.environ, "COLUMNS": str(columns), **environment},
    )  # fmt: skip
    os.close(follower)
    printed = b""
    try:
        while chunk := os.read(leader, 65536):
            printed += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(leader)
    assert process.wait() == 0
    return printed.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("columns", "environment", "escapes"),
    [(40, {"TERM": "xterm"}, True), (40, {"TERM": "dumb"}, False), (200, {"TERM": "xterm", "NO_COLOR": "1"}, True)],
)
def test_a_table_fits_the_terminal(columns, environment, escapes):
    printed = on_a_terminal("zoo", columns=columns, **environment)
    assert ("\x1b[" in printed) == escapes
    assert "\x1b[3" not in printed  # a colour
    lines = re.sub(r"\x1b\[[\d;]*m", "", printed).splitlines()
    assert any(line.startswith("mnist") for line in lines)
    assert max(map(len, lines)) <= columns


def test_progress_keeps_to_a_narrow_terminal_of_ascii(tmp_path):
    state = {f"{'encoder.' * 12}{i}.weight": torch.randn(30, 40) for i in range(2)}
    torch.save(state, tmp_path / "net.pt")
    options = ("--format", "json", "--analyses", "gaussian_weights", "--no-run-file", "--out", str(tmp_path / "out"))
    printed = on_a_terminal(str(tmp_path / "net.pt"), *options, columns=40, TERM="xterm", PYTHONIOENCODING="ascii")
    lines = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", printed.partition("Audit of")[0]).replace("\r", "\n").splitlines()
    assert any(line.startswith("- ") and "left" in line for line in lines)
    assert max(map(len, lines)) <= 40

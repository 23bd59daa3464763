"""Ctrl-C, SIGTERM and SIGHUP: one line and 130, at once, at any moment; and at most once."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")

LONG = 'import hashlib; on(); hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)'  # minutes in one call, as an eigensolver
EACH = pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])


def started(body, **options):
    """A process that watches and runs the code, as far as its ``on()``."""
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    code = f"""
import sys, os, time
from netaudit.cli import interruption
interruption.watch()
on = lambda: print("on", flush=True)
try:
{indented}
finally:
    interruption.ignore()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], text=True,
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
    )  # fmt: skip
    PROCESSES.append(process)
    assert process.stdout.readline() == "on\n"
    return process


PROCESSES = []


@pytest.fixture(autouse=True)
def _none_is_left():
    yield
    while PROCESSES:
        with PROCESSES.pop() as process:
            process.kill()


def ended(process, seconds=20):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


@EACH
def test_a_long_call_is_ended_at_once(name):
    process = started(LONG)
    time.sleep(0.2)
    began = time.monotonic()
    process.send_signal(getattr(signal, name))
    assert ended(process) == (130, "", "netaudit: error: interrupted\n")
    assert time.monotonic() - began < 3


def test_a_command_that_nohup_started_is_deaf_to_a_terminal_that_closes():
    body = "on()\nsys.stdin.readline()\nprint('done', flush=True)"
    process = started(body, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    process.stdin.write("\n")
    process.stdin.flush()
    assert ended(process) == (0, "done\n", "")


def test_the_line_says_what_is_kept_and_files_are_put_in_order(tmp_path):
    body = f"""
def says():
    open({str(tmp_path / "tidy")!r}, "w").close()
    return "2 of 3 layers are kept, caf\\u00e9"
interruption.say(says)
{LONG}
"""
    process = started(body, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "netaudit: error: interrupted: 2 of 3 layers are kept, caf\\xe9\n")
    assert (tmp_path / "tidy").exists()


def test_a_terminal_gets_its_cursor_and_its_line_back():
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    process = started(LONG, env=os.environ | {"TERM": "xterm"}, stderr=follower)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert os.read(leader, 1000) == b"\r\x1b[2K\x1b[?25hnetaudit: error: interrupted\r\n"
    os.close(leader)
    os.close(follower)


def test_what_is_said_may_fail_or_hang():
    for says in ("1 / 0", "time.sleep(100)"):
        process = started(f"interruption.PATIENCE = 0.3\ninterruption.say(lambda: {says})\n{LONG}")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert ended(process) == (130, "", "netaudit: error: interrupted\n")


def test_a_moment_can_be_kept_from_interruption():
    body = """
with interruption.held:
    on()
    sys.stdin.readline()
    print("whole", flush=True)
time.sleep(100)
"""
    process = started(body)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.stdin.write("\n")
    process.stdin.flush()
    assert ended(process) == (130, "whole\n", "netaudit: error: interrupted\n")


def test_a_command_that_cleans_up_is_unwound_and_ended_by_a_second_signal():
    body = """
interruption.unwind(True)
try:
    on()
    time.sleep(100)
finally:
    print("cleaning up", flush=True)
    {}
"""
    process = started(body.format("pass"))
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert (code, out) == (1, "cleaning up\n")
    assert err.endswith("netaudit.cli.interruption.Interrupted\n")  # main() says it in one line
    process = started(body.format(LONG))
    process.send_signal(signal.SIGINT)
    assert [process.stdout.readline() for _ in "12"] == ["cleaning up\n", "on\n"]
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "netaudit: error: interrupted\n")


def test_last_words_are_not_interrupted():
    process = started("on()\ninterruption.answered()\nprint('said', flush=True)\nsys.stdin.readline()\nprint('all')")
    assert process.stdout.readline() == "said\n"
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    process.stdin.write("\n")
    process.stdin.flush()
    assert ended(process) == (0, "all\n", "")


def test_a_module_that_is_half_imported_keeps_nothing_from_ending():
    body = """
import types
for name in ("netaudit.files", "multiprocessing"):
    sys.modules[name] = types.ModuleType(name)
on()
time.sleep(100)
"""
    process = started(body)
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "netaudit: error: interrupted\n")


def test_a_child_that_is_ended_does_not_interrupt_its_parent():
    body = """
on()
receiver, sender = os.pipe()
child = os.fork()
if not child:
    os.write(sender, b"x")
    time.sleep(100)
os.read(receiver, 1)
os.kill(child, 15)
os.waitpid(child, 0)
time.sleep(0.2)
print("parent")
"""
    code, out, _ = ended(started(body))
    assert (code, out) == (0, "parent\n")


@pytest.mark.parametrize("signals", [1, 2, 3])
def test_interrupting_start_up_at_any_moment_is_one_line(tmp_path, signals):
    """Signals at equal distances through the imports: none may be taken for a broken library."""
    code = "from netaudit.cli import start; print('on', flush=True); start.main()"
    for part in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", code, "zoo"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        time.sleep(0.02 * part)
        for _ in range(signals):
            process.send_signal(signal.SIGINT)
        code_, _, err = ended(process)
        assert (code_, err) in [(130, "netaudit: error: interrupted\n"), (0, "")]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_first_lines_of_the_entry_point_answer(name):
    """Before anything is imported that the interpreter has not loaded by itself."""
    code = (
        "import sys; before = set(sys.modules); from netaudit.cli.start import main; "
        "print(*sorted(set(sys.modules) - before), flush=True); sys.stdin.readline(); main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    PROCESSES.append(process)
    loaded = process.stdout.readline().split()
    assert {each for each in loaded if not each.startswith("netaudit")} <= {"__future__"}
    process.send_signal(getattr(signal, name))
    assert ended(process) == (130, "", "netaudit: error: interrupted\n")

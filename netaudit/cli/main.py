"""``netaudit``: the commands, and the one guard that turns every error into a line and an exit code."""

from __future__ import annotations

import difflib
import io
import os
import signal
import sys
import traceback
from types import FrameType

import click
from click_default_group import DefaultGroup

from netaudit.cli.analyses import analyses
from netaudit.cli.audit import audit
from netaudit.cli.layers import layers
from netaudit.cli.render import render
from netaudit.cli.study import aliases, study
from netaudit.cli.train import train
from netaudit.cli.zoo import zoo
from netaudit.errors import NetauditError, out_of_memory
from netaudit.text import printable
from netaudit.version import __version__

COMMANDS = (audit, layers, analyses, zoo, render, train, study)
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not KeyboardInterrupt, for which click prints a line of its own."""


@click.group(cls=DefaultGroup, default="audit", default_if_no_args=False, context_settings={"max_content_width": 110})
@click.version_option(__version__, prog_name="netaudit", message="%(prog)s %(version)s")
def cli() -> None:
    """How random-like are a network's fully connected layers, and can the net be run in reverse?

    `netaudit TARGET` audits a file, a folder of shards, a bundled network (`netaudit zoo`), or a torchvision or timm
    name, and writes an HTML page, a PDF and a JSON file.

    Exit codes: 0 audited; 1 audited, and what --fail-on names is so; 2 could not audit.
    """


for command in (*COMMANDS, *aliases()):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 (``--fail-on``), 2 (an error, one line), 130 (interrupted)."""
    _print_anything()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _wait_asleep()
    try:
        arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
        code = cli.main(arguments, prog_name="netaudit", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except Interrupted as stopped:
        _say("interrupted", tuple(getattr(stopped, "__notes__", ())))
        code = INTERRUPTED
    except BrokenPipeError:  # `netaudit layers ... | head`: nobody reads on, nothing is wrong
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except NetauditError as error:
        code = _fail(error, str(error), error.hints)
    except click.UsageError as error:
        code = _fail(error, error.format_message(), (*_meant(arguments), "`netaudit --help` shows the usage"))
    except Exception as error:  # noqa: BLE001 - the last resort: one line, never a traceback
        if out_of_memory(error):
            code = _fail(error, "out of memory", ("audit fewer layers at a time: --layers",))
        else:
            hint = "this is a bug in netaudit; NETAUDIT_DEBUG=1 shows where it happened"
            code = _fail(error, f"unexpected {type(error).__name__}: {error}", (hint,))
    sys.exit(code or 0)


def _meant(arguments: list[str] | None) -> list[str]:
    """The command that a mistyped word may stand for: it was taken for the target of an audit."""
    first = next(iter(arguments or ()), "")
    close = [] if first in cli.commands else difflib.get_close_matches(first, list(cli.commands), n=1)
    return [f"did you mean `netaudit {close[0]}`?"] if close else []


def _print_anything() -> None:
    """Print a character that the terminal's encoding lacks as an escape, rather than stop after the work is done."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _wait_asleep() -> None:
    """Have PyTorch's threads sleep soon while they wait for each other, unless the user chose how they wait.

    GNU OpenMP, which PyTorch brings on Linux, reads this when it is loaded. By default a thread spins for 300,000
    rounds, on the very core that the thread it waits for may need: with both cores of a machine busy otherwise, an
    audit of mnist-mlp took 119 s that way and 14 s like this; on an idle machine there is no difference.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted


def _fail(error: BaseException, message: str, hints: tuple[str, ...]) -> int:
    if os.environ.get("NETAUDIT_DEBUG") == "1":
        traceback.print_exception(error)
    _say(message, hints)
    return error.exit_code if isinstance(error, NetauditError) else 2


def _say(message: str, hints: tuple[str, ...] = ()) -> None:
    print(f"netaudit: error: {printable(' '.join(message.split()), 500)}", file=sys.stderr)
    for hint in hints:
        print(f"hint: {printable(' '.join(hint.split()), 500)}", file=sys.stderr)

"""``netaudit``: the commands, and the one guard that turns every error into a line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from types import FrameType

import click
from click_default_group import DefaultGroup

from netaudit.cli import streams
from netaudit.cli.analyses import analyses
from netaudit.cli.audit import audit
from netaudit.cli.layers import layers
from netaudit.cli.mistakes import meant, usage
from netaudit.cli.render import render
from netaudit.cli.study import aliases, study
from netaudit.cli.train import train
from netaudit.cli.zoo import zoo
from netaudit.errors import NetauditError
from netaudit.text import printable
from netaudit.version import __version__

COMMANDS = (audit, layers, analyses, zoo, render, train, study)
INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM. Not KeyboardInterrupt, for which click prints a line of its own."""


@click.group(
    cls=DefaultGroup, default="audit", default_if_no_args=False,
    context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]},
)  # fmt: skip
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
    streams.prepare()
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
        streams.drop(sys.stdout)
        code = 0
    except NetauditError as error:
        code = _fail(error, str(error), (*meant(arguments, cli.commands), *error.hints)[:2])
    except click.UsageError as error:
        code = _fail(error, error.format_message(), (*meant(arguments, cli.commands), usage(error)))
    except Exception as error:  # noqa: BLE001 - the last resort: one line, never a traceback
        if isinstance(error, OSError) and (full := streams.unprinted(error)):
            streams.drop(sys.stdout)
            hint = "standard output, or a cache, takes no more; a report is written before anything is printed"
            code = _fail(error, f"cannot write: {full}", (hint,))
        elif _out_of_memory(error):
            code = _fail(error, "out of memory", ("audit fewer layers at a time: --layers",))
        else:
            hint = "this is a bug in netaudit; NETAUDIT_DEBUG=1 shows where it happened"
            code = _fail(error, f"unexpected {type(error).__name__}: {error}", (hint,))
    sys.exit(code or 0)


def _wait_asleep() -> None:
    """Have PyTorch's threads sleep soon while they wait for each other, unless the user chose how they wait.

    GNU OpenMP, which PyTorch brings on Linux, reads this when it is loaded. By default a thread spins for 300,000
    rounds, on the very core that the thread it waits for may need: with both cores of a machine busy otherwise, an
    audit of mnist-mlp took 119 s that way and 14 s like this; on an idle machine there is no difference.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _out_of_memory(error: Exception) -> bool:
    """Python's, CUDA's, or the CPU allocator's of PyTorch, which is a plain RuntimeError."""
    text = str(error)
    return isinstance(error, MemoryError) or "out of memory" in text or "can't allocate memory" in text


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise Interrupted


def _fail(error: BaseException, message: str, hints: tuple[str, ...]) -> int:
    if os.environ.get("NETAUDIT_DEBUG") == "1":
        traceback.print_exception(error)
    _say(message, hints)
    return error.exit_code if isinstance(error, NetauditError) else 2


def _say(message: str, hints: tuple[str, ...] = ()) -> None:
    streams.say(f"netaudit: error: {printable(' '.join(message.split()), 500)}")
    for hint in hints:
        streams.say(f"hint: {printable(' '.join(hint.split()), 500)}")

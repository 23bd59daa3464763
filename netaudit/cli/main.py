"""``netaudit``: the commands, and the one guard that turns every error into a line and an exit code."""

from __future__ import annotations

import os
import sys

import click
from click_default_group import DefaultGroup

from netaudit.cli import interruption, streams
from netaudit.cli.analyses import analyses
from netaudit.cli.audit import audit
from netaudit.cli.compare import compare
from netaudit.cli.layers import layers
from netaudit.cli.mistakes import meant, usage
from netaudit.cli.render import render
from netaudit.cli.study import aliases, study
from netaudit.cli.train import train
from netaudit.cli.verify import verify
from netaudit.cli.zoo import zoo
from netaudit.errors import NetauditError, out_of_memory
from netaudit.faults import show_trace
from netaudit.text import printable
from netaudit.version import __version__

COMMANDS = (audit, compare, layers, analyses, zoo, render, verify, train, study)
_UNWOUND = (train, study, *aliases())
"""Commands that clean up after an interruption, such as ending processes of their own."""


@click.group(
    cls=DefaultGroup, default="audit", default_if_no_args=False,
    context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]},
)  # fmt: skip
@click.version_option(__version__, prog_name="netaudit", message="%(prog)s %(version)s")
def cli() -> None:
    """How random-like are a network's fully connected layers, and can the net be run in reverse?

    `netaudit TARGET` audits a file, a folder of shards, a bundled network (`netaudit zoo`), or a torchvision or timm
    name, and writes an HTML page, a PDF and a JSON file.

    Exit codes: 0 done; 1 audited, and what --fail-on names is so; 2 an error, which one line tells; 130 interrupted by
    Ctrl-C, SIGTERM, or a terminal that was closed (unless started by nohup).
    """


for command in (*COMMANDS, *aliases()):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 (``--fail-on``), 2 (an error, one line), 130 (interrupted)."""
    interruption.watch()
    streams.prepare()
    _wait_asleep()
    try:
        arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
        _require_working_folder()
        interruption.unwind(arguments[0] in [command.name for command in _UNWOUND])
        code = cli.main(arguments, prog_name="netaudit", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - the last resort: one line, never a traceback
        interruption.answered()
        code = _answer(error, arguments)
    sys.exit(code or 0)


def _answer(error: BaseException, arguments: list[str] | None) -> int:
    """Say in one line, with what to do next, why the command ended; and give the exit code."""
    notes = tuple(getattr(error, "__notes__", ()))
    if interruption.happened():  # whatever has become of it since
        _print(interruption.line(), notes)
        return interruption.CODE
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if not isinstance(error, Exception):  # SystemExit: a command that has said what it has to say
        raise error
    if isinstance(error, OSError) and streams.nobody_reads(error):  # `netaudit layers ... | head`: nothing is wrong
        streams.drop(sys.stdout)
        return 0
    show_trace(error)
    if isinstance(error, NetauditError):
        return _say(str(error), (*meant(arguments, cli.commands), *error.hints)[:2], error.exit_code)
    if isinstance(error, click.UsageError):
        return _say(error.format_message(), (*meant(arguments, cli.commands), usage(error)))
    if isinstance(error, OSError) and (full := streams.unprinted(error)):
        streams.drop(sys.stdout)
        hint = "standard output, or a cache, takes no more; a report is written before anything is printed"
        return _say(f"cannot write: {full}", (hint,))
    if out_of_memory(error):
        return _say("out of memory", ("audit fewer layers at a time: --layers", *notes))
    hint = "this is a bug in netaudit; NETAUDIT_DEBUG=1 shows where it happened"
    return _say(f"unexpected {type(error).__name__}: {error}", (hint, *notes))


def _require_working_folder() -> None:
    """The libraries fail in ways of their own, PyTorch by ending the process, in a folder that is no longer there.

    Raises:
        NetauditError: the folder that we are in was removed.
    """
    try:
        os.getcwd()  # noqa: PTH109 - what Path would ask
    except OSError as error:
        raise NetauditError(
            "the folder that you are in is no longer there, or may not be read", hint="cd into one that is"
        ) from error


def _wait_asleep() -> None:
    """Have PyTorch's threads sleep soon while they wait for each other, unless the user chose how they wait.

    GNU OpenMP, which PyTorch brings on Linux, reads this when it is loaded. By default a thread spins for 300,000
    rounds, on the very core that the thread it waits for may need: with both cores of a machine busy otherwise, an
    audit of mnist-mlp took 119 s that way and 14 s like this; on an idle machine there is no difference.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def _say(message: str, hints: tuple[str, ...], code: int = 2) -> int:
    _print(f"netaudit: error: {printable(' '.join(message.split()), 500)}", hints)
    return code


def _print(line: str, hints: tuple[str, ...]) -> None:
    streams.say(line)
    for hint in hints:
        streams.say(f"hint: {printable(' '.join(hint.split()), 500)}")

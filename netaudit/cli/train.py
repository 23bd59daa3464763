"""``netaudit train RECIPE``: train a network as the bundled ones were trained."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from netaudit.cli.out_folder import OUT_FOLDER
from netaudit.training.recipes import RECIPES, Shadows

if TYPE_CHECKING:
    from netaudit.training.loop import Precision, TrainingRun


@click.command()
@click.argument("recipe", type=click.Choice([entry.name for entry in RECIPES]), metavar="RECIPE")
@click.option(
    "--data-root", type=click.Path(path_type=Path), default=Path("data"), show_default=True, metavar="DIR",
    help="Where the data lie; MNIST and CIFAR-10 are downloaded into it. Texts: with reviews.csv or aclImdb.",
)  # fmt: skip
@click.option(
    "--epochs", type=click.IntRange(1, 10_000), help="Passes over the training data; the recipe's by default."
)
@click.option("--seed", default=0, show_default=True, help="Every random number follows from it.")
@click.option("--out", type=OUT_FOLDER, metavar="DIR", help="Where to write; trained/RECIPE by default.")
@click.option(
    "--device", default="auto", show_default=True, metavar="auto|cpu|cuda|cuda:N|mps", help="Where to compute."
)
@click.option(
    "--precision", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True,
    help="Of the products; bfloat16 is faster on hardware that has it.",
)  # fmt: skip
@click.option("--shadow", is_flag=True, help="Shadow training: the loss also counts shadows of the training points.")
@click.option(
    "--shadow-start", type=click.Choice(["softmax", "label", "hidden"]), default=Shadows.start, show_default=True,
    help="Where shadows start: the network's answer, the right label, or the top hidden layer.",
)  # fmt: skip
@click.option(
    "--shadow-rho", type=click.FloatRange(0, 1, min_open=True), default=Shadows.rho, show_default=True,
    help="Share of the coordinates of a shadow that dropout keeps.",
)  # fmt: skip
@click.option(
    "--shadow-weight", type=click.FloatRange(0, min_open=True), default=Shadows.weight, show_default=True,
    help="Of the shadows in the loss.",
)  # fmt: skip
@click.option("--keep-epochs", is_flag=True, help="Keep the weights after each epoch, too, in DIR/epochs.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def train(
    recipe: str,
    data_root: Path,
    epochs: int | None,
    seed: int,
    out: Path | None,
    device: str,
    precision: Precision,
    shadow: bool,
    shadow_start: Literal["softmax", "label", "hidden"],
    shadow_rho: float,
    shadow_weight: float,
    keep_epochs: bool,
    quiet: bool,
) -> None:
    """Train a network by RECIPE, as the bundled ones were.

    Of pictures: mnist-mlp, cifar10-mlp, alexnet-cifar10 or cifar10-resmlp. Of texts, which you bring yourself:
    imdb-gru, imdb-lstm, imdb-rnn or imdb-ugrnn.

    Writes model.safetensors, card.json, sample.npz, training.json, and log.csv (with TensorBoard events, if that is
    installed). After an interruption the same command goes on
    from the last whole epoch, to the same bytes.
    """
    from netaudit.cli.progress import progress_bar
    from netaudit.errors import NetauditError
    from netaudit.files import make_folder

    folder = out or Path("trained") / recipe
    make_folder(folder)  # now, not after an hour of work
    with progress_bar(quiet) as progress:
        from netaudit.numerics import device as devices
        from netaudit.training import checkpoint, export, loop, recipes
        from netaudit.training.data import DataSet, load
        from netaudit.training.log import Log, follows
        from netaudit.training.text import load_texts

        tell = progress or (lambda message, done, total: None)
        chosen = recipes.recipe(recipe)
        if shadow and chosen.data in ("imdb", "sentences"):
            raise NetauditError(f"{recipe}: shadow training takes pictures", hint="leave out --shadow")
        if shadow:
            chosen = replace(chosen, shadow=Shadows(shadow_start, shadow_rho, shadow_weight))
        run = checkpoint.resume(folder, chosen, seed, epochs or chosen.epochs, devices.choose(device), precision)
        if run.done and not quiet:
            click.echo(f"{folder} holds {run.done} of {run.epochs} epochs: going on from there")
        data: DataSet
        if chosen.data == "imdb" or chosen.data == "sentences":
            data = load_texts(chosen.data, data_root)
        else:
            data = load(chosen.data, data_root, tell)
        clock, log = time.perf_counter(), Log(folder)

        def after(run: TrainingRun) -> None:
            nonlocal clock
            if keep_epochs:
                export.keep_epoch(run, folder)
            export.write_figures(run, folder)
            log(run.history)
            checkpoint.save_run(run, folder)
            if not quiet:
                click.echo(_line(run, time.perf_counter() - clock))
            clock = time.perf_counter()

        try:
            loop.train(run, data, tell, after=after)
        except BaseException as stopped:  # Ctrl-C, too: main prints the note as a hint
            if run.history:
                stopped.add_note("the same command goes on from the last whole epoch")
            raise
        finally:
            log.close()
        card = export.export(run, data, folder)
    if not quiet:
        click.echo(f"test accuracy {card['accuracy']['test']:.2%} as stored in float16")
        if shadow:
            _tell_how_it_follows(follows(*(_errors(run, name) for name in ("real_error", "shadow_error"))))
        click.echo(f"Trained: {folder / export.WEIGHTS}; audit it: netaudit {folder / export.WEIGHTS}")


def _line(run: TrainingRun, seconds: float) -> str:
    figures = run.history[-1]
    loss = "at initialisation" if figures["loss"] is None else f"loss {figures['loss']:.4f}"
    shadows = f", error on shadows {figures['shadow_error']:.2%}" if "shadow_error" in figures else ""
    test = f"test accuracy {figures['test_accuracy']:.2%}"
    return f"epoch {run.done}/{run.epochs}: {loss}, {test}{shadows}, {seconds:.0f} s"


def _errors(run: TrainingRun, name: str) -> list[float]:
    return [entry[name] for entry in run.history if name in entry]


def _tell_how_it_follows(r: dict[str, float | None]) -> None:
    told = [f"{value:.2f} ({what})" for what, value in r.items() if value is not None]
    if told:
        click.echo(f"error on shadows and on real points, epoch by epoch: correlation {', '.join(told)}")

"""The public door: compare two or more networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from netaudit.api import AuditReport
from netaudit.auditing.provenance import versions
from netaudit.auditing.torch_settings import settled
from netaudit.auditing.work import size_guard
from netaudit.comparing.alignment import NONE, Alignment, align
from netaudit.comparing.layer import Options, compare_layers
from netaudit.comparing.metrics import changes
from netaudit.comparing.opening import Opened, open_side
from netaudit.comparing.pairing import Partners, partners
from netaudit.comparing.payload import LayerComparison, Pair, Side
from netaudit.comparing.result import Comparison
from netaudit.comparing.rules import RULE, RULES, of_network
from netaudit.comparing.twin import twin
from netaudit.errors import NetauditError
from netaudit.network.layers import FCLayer
from netaudit.network.network import Network, Progress
from netaudit.text import count, names, printable

if TYPE_CHECKING:
    from torch import Tensor, nn

    Target = str | Path | nn.Module | Mapping[str, Tensor]


@settled
def compare(
    first: Target,
    *others: Target,
    audited: bool = False,
    vs_init: bool = False,
    layers: Sequence[str] = (),
    exclude: Sequence[str] = (),
    seed: int = 0,
    ladder: bool = True,
    hash_files: bool = True,
    deterministic: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Compare the fully connected layers of a network with those of one or more others.

    Args:
        first: what :func:`netaudit.audit` takes, an ``audit.json``, or a folder with one. Of audits alone the numbers
            in them are compared, and no weights.
        others: the others, each of which is compared with the first; three or more networks give curves.
        audited: audit each network, too, to compare every number of the audits.
        vs_init: compare the one network given with an untrained twin of it, drawn with the seed.
        layers: globs of layer names; all by default.
        exclude: globs of layer names to leave out.
        seed: every random number follows from it.
        ladder: put the change on the ladder of nulls, which takes as long as all the rest.
        hash_files: whether the SHA-256 of the files is computed, which reads them whole.
        deterministic: compute in one thread.
        progress: called with (message, done, total).

    Raises:
        NetauditError: a target cannot be read, or no layer of one has a partner in the other.
    """
    import torch

    tell = progress or _silent
    if vs_init == bool(others):
        raise NetauditError(
            "two networks or more are compared" if not vs_init else "an untrained twin is set beside one network",
            hint="netaudit compare A B, or netaudit compare A --vs-init",
        )
    opened = [open_side(target, tell, hashed=hash_files) for target in (first, *others)]
    opened = [_chosen(each, layers, exclude) for each in opened]
    if vs_init:
        opened = [_twin_of(opened[0], seed, tell), *opened]
    if audited:
        opened = [_audited(each, seed, tell) for each in opened]
    options = Options(seed, torch.device("cpu"), ladder)
    pairs = tuple(_pair(opened, place, options, tell) for place in range(1, len(opened)))
    return Comparison(
        sides=tuple(_side(each) for each in opened),
        pairs=pairs,
        thresholds={rule.name: rule.threshold for rule in RULES if rule.threshold is not None},
        versions=versions(),
        settings={
            "seed": seed, "layers": list(layers), "exclude": list(exclude), "audited": audited, "vs_init": vs_init,
            "ladder": ladder,
        },
        threads=torch.get_num_threads(),
    )  # fmt: skip


def _chosen(side: Opened, layers: Sequence[str], exclude: Sequence[str]) -> Opened:
    if side.network is None:
        return side
    network = side.network.select(layers, exclude).guarded(size_guard("exact"))
    if not side.network.select(layers, exclude).layers or not any(True for _ in network.specs()):
        raise NetauditError(
            f"{printable(side.name, 80)}: there is no fully connected layer to compare",
            hint="`netaudit layers TARGET` lists what there is, and why a layer is left out",
        )
    return replace(side, network=network)


def _twin_of(side: Opened, seed: int, tell: Progress) -> Opened:
    if side.network is None:
        raise NetauditError("an untrained twin is drawn for weights, and not for an audit.json")
    network, families = twin(side.network, seed, tell)
    note = "Drawn with the seed: " + ", ".join(
        f"{name} ({count(list(families.values()).count(name), 'layer')})" for name in dict.fromkeys(families.values())
    )
    return Opened(network.info.name, "twin", network, None, notes=(f"{note}.",))


def _audited(side: Opened, seed: int, tell: Progress) -> Opened:
    """The network with an audit of the layers that are compared: of what is in memory, read once more."""
    if side.network is None or side.report is not None:
        return side
    from netaudit.analyses.context import Settings
    from netaudit.analyses.table import installed
    from netaudit.auditing.loop import Auditor
    from netaudit.numerics import device as devices

    used = tuple(analysis for analysis in installed() if analysis.scope == "layer")
    report = Auditor(Settings(devices.choose("cpu"), seed), used, tell).run(side.network, None, side.file_sha256)
    return replace(side, report=AuditReport.of(report, used))


def _side(each: Opened) -> Side:
    has = "both" if each.network and each.report else "weights" if each.network else "audit"
    return Side(each.name, each.kind, has, each.weights, each.file_sha256, each.notes)  # type: ignore[arg-type]


def _pair(opened: Sequence[Opened], place: int, options: Options, tell: Progress) -> Pair:
    first, second = opened[0], opened[place]
    found = partners(first.shapes, second.shapes)
    if not found.pairs:
        raise NetauditError(
            f"no layer of {printable(first.name, 80)} has the name and shape of one of {printable(second.name, 80)}",
            hint=f"there are {names(list(first.shapes))} and {names(list(second.shapes))}",
        )
    notes: list[str] = []
    if first.network is not None and second.network is not None:
        compared = _by_weights(first.network, second.network, found, options, tell, notes)
    else:
        compared = _by_hashes(first, second, found)
        without = [printable(each.name, 80) for each in (first, second) if each.network is None]
        of = "both" if len(without) == 2 else names(without)
        notes.append(f"Of {of} there is an audit and no weights: only the numbers of the audits are compared.")
    words, numbers = changes(first.report, second.report, found.pairs) if first.report and second.report else ((), ())
    if not (first.report and second.report) and (first.network is None or second.network is None):
        raise NetauditError(
            "one of the two is an audit.json, and of the other there are only weights",
            hint="audit the weights, too: --audit; or name the weights of both",
        )
    word = of_network([(layer.word, layer.rule) for layer in compared])
    unrelated = tuple(layer.layer for layer in compared if layer.word == "unrelated")
    return Pair(
        first=0, second=place, word=word, layers=compared,
        replaced=unrelated if word not in ("unrelated", "undecided") else (),
        only_first=found.only_first, only_second=found.only_second, other_shape=found.other_shape,
        verdicts=words, metrics=numbers, notes=tuple(notes),
    )  # fmt: skip


def _by_weights(
    first: Network, second: Network, found: Partners, options: Options, tell: Progress, notes: list[str]
) -> tuple[LayerComparison, ...]:
    partner = dict(found.pairs)

    def read(name: str) -> tuple[FCLayer, FCLayer]:
        return first.read(first.spec(name)), second.read(second.spec(partner[name]))

    alignment = _alignment(first, second, partner, partial(read), options.seed, tell, notes)
    compared = []
    for place, (name, _) in enumerate(found.pairs):
        tell(f"{printable(name, 60)}: comparing", place, len(found.pairs))
        compared.append(compare_layers(*read(name), options, alignment))
    return tuple(compared)


def _alignment(
    first: Network, second: Network, partner: Mapping[str, str], read: partial[tuple[FCLayer, FCLayer]], seed: int,
    tell: Progress, notes: list[str],
) -> Alignment:  # fmt: skip
    ours, theirs = first.head, second.head
    if ours is None or theirs is None:
        notes.append("The order of the layers is not known: units in another order are not looked for.")
        return NONE
    stack = [layer.name for layer in ours.layers]
    if [partner.get(name) for name in stack] != [layer.name for layer in theirs.layers]:
        notes.append("The heads do not have the same layers: units in another order are not looked for.")
        return NONE
    tell("matching the hidden units", 0.0, 0.0)
    found, note = align(stack, [layer.activation for layer in ours.layers], read, seed)
    notes += [note] if note else []
    return found


def _by_hashes(first: Opened, second: Opened, found: Partners) -> tuple[LayerComparison, ...]:
    """Of audits: layers whose numbers have the same hash are identical; of the others there is no word."""
    ours, theirs = (
        {layer.name: layer for layer in side.report.layers} if side.report else {} for side in (first, second)
    )
    compared = []
    for name, other in found.pairs:
        one, two = (layer.sha256 if (layer := side.get(key)) else {} for side, key in ((ours, name), (theirs, other)))
        same = bool(one) and one == two
        rule = "every_number_equal" if same else "not_comparable"
        note = "By the hashes in the audits." if same else "The weights are not there."
        shape = first.shapes[name]
        compared.append(
            LayerComparison(layer=name, other=other, shape=shape, word=RULE[rule].word, rule=rule, note=note)
        )
    return tuple(compared)


def _silent(message: str, done: float, total: float) -> None:
    """The default progress: nothing."""

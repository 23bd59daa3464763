"""Why nothing can be audited, in one line and with what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from netaudit.auditing.selection import Selection
from netaudit.errors import NetauditError
from netaudit.near import near
from netaudit.network.globs import matches
from netaudit.network.layers import SkippedLayer
from netaudit.network.network import Network
from netaudit.results.payload import Finding
from netaudit.results.report import LayerResult
from netaudit.text import names, printable

_BY_CHOICE = ("--layers", "--exclude")  # how the reason of a layer that the user left out ends


def require_layers(network: Network, chosen: Selection) -> None:
    """Refuse a glob of ``--layers`` that chooses nothing: what it stands for would be missing from the audit.

    Raises:
        NetauditError: there is such a glob.
    """
    specs = [spec.name for spec in network.specs()]
    glob = next((glob for glob in chosen.layers if not any(matches(name, [glob]) for name in specs)), None)
    if glob is None or not specs:
        return
    skipped = [entry for entry in network.layers if isinstance(entry, SkippedLayer) and matches(entry.name, [glob])]
    if skipped:
        why = f"only what is skipped: {printable(skipped[0].name, 80)}: {printable(skipped[0].reason, 200)}"
    else:
        why = "no layer"
    close = near(glob, specs)
    hint = f"close to it: {names(close)}" if close else f"its fully connected layers: {names(specs, 6)}"
    raise NetauditError(
        f"{network.info.name}: --layers {printable(glob, 80)} matches {why}", hint=(*chosen.several_in_one, hint)
    )


def nothing_chosen(network: Network, chosen: Selection) -> NetauditError:
    """The error where no fully connected layer is left to audit."""
    skipped = [entry for entry in network.layers if isinstance(entry, SkippedLayer)]
    left_out = [printable(entry.name, 60) for entry in skipped if entry.reason.endswith(_BY_CHOICE)]
    if left_out:
        hint = f"its fully connected layers: {', '.join(left_out[:6])}{', ...' if len(left_out) > 6 else ''}"
        return NetauditError(
            f"{network.info.name}: --layers and --exclude leave no fully connected layer that can be audited",
            hint=(*chosen.several_in_one, hint),
        )
    reasons = ", ".join(dict.fromkeys(entry.reason for entry in skipped))
    what = f"; found: {printable(reasons, 200)}" if reasons else ""
    untraced = [printable(note, 700) for note in network.notes[:1] if network.make_module is not None]
    return NetauditError(
        f"{network.info.name}: no fully connected layer{what}",
        hint=untraced or "`netaudit layers TARGET` lists what is in it, with the reasons",
    )


def nothing_judged(network: Network, layers: Sequence[LayerResult]) -> NetauditError:
    """The error where no analysis applies to any layer: the first reason stands for all."""
    payloads = list(layers[0].analyses.values())
    first = next((payload for payload in payloads if isinstance(payload, Finding)), payloads[0])
    name = printable(layers[0].name, 60)
    return NetauditError(f"{network.info.name}: no layer has a claim that can be judged: {name}: {first.note}")

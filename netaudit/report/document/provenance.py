"""Everything needed to get the same numbers again."""

from __future__ import annotations

from netaudit.report.document.model import Block, Column, Run, Section, Table
from netaudit.report.document.numbering import Numbering, facts
from netaudit.results import AuditReport
from netaudit.text import NONE, flat, number, plain, printable


def provenance(report: AuditReport, json_sha256: str, numbering: Numbering) -> Section:
    """Hashes, versions, settings and the model's card."""
    found, model = report.provenance, report.model
    matches = {True: "yes", False: "no", None: "the name holds no hash"}[found.hash_matches_name]
    sharded = str(model.get("weights")).endswith(".index.json")
    files = "SHA-256 of sha256sum's lines for index and shards" if sharded else "SHA-256 of the file"
    pairs: list[tuple[str, str | Run]] = [
        ("Target", Run(printable(report.target), "name")),
        *((f"Model: {key}", plain(model.get(key))) for key in ("name", "kind", "architecture", "weights")),
        (files, Run(found.file_sha256 or NONE, "name")),
        ("SHA-256 of the audited weights", Run(found.weights_sha256, "name")),
        ("File's hash is the one in its name", matches),
        ("SHA-256 of audit.json", Run(json_sha256, "name")),
        ("Format of audit.json", f"version {number(report.format_version)}"),
        ("Device", printable(found.device)),
        ("Arithmetic", printable(found.dtype)),
        ("Threads", plain(found.threads)),
        ("Seed", plain(found.seed)),
    ]
    blocks: list[Block] = [facts(pairs)]
    blocks.append(_listing("Versions.", "Software", "Version", flat(found.versions), numbering))
    if found.settings:
        blocks.append(_listing("Settings.", "Setting", "Value", flat(found.settings), numbering))
    if model.get("card"):
        blocks.append(_listing("The model's card.", "Entry", "Value", flat(model["card"]), numbering))
    return Section("provenance", 1, "6 Provenance", tuple(blocks))


def _listing(caption: str, name: str, value: str, pairs: list[tuple[str, str]], numbering: Numbering) -> Table:
    rows = [(Run(key, "name"), Run(text)) for key, text in pairs]
    return numbering.table(caption, (Column(name), Column(value, wide=True)), rows)

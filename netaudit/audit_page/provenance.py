"""Everything needed to get the same numbers again."""

from __future__ import annotations

from netaudit.audit_page.folding import details
from netaudit.report.document.model import Block, Column, Section, Span, Table
from netaudit.report.document.numbering import facts, table
from netaudit.results.report import Report
from netaudit.text import NONE, flat, number, plain, printable


def provenance(report: Report, json_sha256: str) -> Section:
    """Hashes, versions, settings and the model's card."""
    found, model = report.provenance, report.model
    hashed = found.settings.get("hash") is not False
    matches = {True: "yes", False: "no", None: "the name holds no hash"}[found.hash_matches_name]
    missing = NONE if hashed else "not computed (--no-hash)"
    sharded = str(model.weights).endswith(".index.json")
    files = "SHA-256 of sha256sum's lines for index and shards" if sharded else "SHA-256 of the file"
    pairs: list[tuple[str, str | Span]] = [
        ("Target", Span(printable(report.target), "name")),
        *((f"Model: {key}", plain(getattr(model, key))) for key in ("name", "kind", "architecture", "weights")),
        (files, Span(found.file_sha256, "name") if found.file_sha256 else missing),
        ("SHA-256 of the audited weights", Span(found.weights_sha256, "name")),
        ("File's hash is the one in its name", matches if hashed else missing),
        ("SHA-256 of audit.json", Span(json_sha256, "name")),
        ("Format of audit.json", f"version {number(report.format_version)}"),
        ("Device", printable(found.device)),
        ("Arithmetic", printable(found.dtype)),
        ("Threads", f"{plain(found.threads)} (in another number the last digits differ)"),
        ("Seed", plain(found.seed)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in flat(found.versions))),
    ]
    blocks: list[Block] = [facts(pairs)]
    rest: list[Table] = []
    if found.settings:
        rest.append(_listing("Settings.", "Setting", "Value", flat(found.settings)))
    if model.card:
        rest.append(_listing("The model's card.", "Entry", "Value", flat(model.card)))
    blocks += details("Settings and the model's card", rest)
    return Section("provenance", 1, "Provenance", tuple(blocks), small=True)


def _listing(caption: str, name: str, value: str, pairs: list[tuple[str, str]]) -> Table:
    rows = [(Span(key, "name"), Span(text)) for key, text in pairs]
    return table(caption, (Column(name), Column(value, wide=True)), rows)

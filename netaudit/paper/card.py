"""A section for the model card of a repository of the Hugging Face hub: Markdown with YAML that a program reads.

No ``model-index``: its results need a task and a data set, and an audit of weights has neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from netaudit.analyses.analysis import Analysis
from netaudit.audit_page.first_page import coverage, headlines
from netaudit.audit_page.kinds import in_general
from netaudit.audit_page.presented import Presented, present
from netaudit.paper.appendix import judged
from netaudit.paper.tables import WORDS
from netaudit.report.document.markdown import escaped, table_markdown
from netaudit.results.fingerprint import FIELD
from netaudit.results.report import Report
from netaudit.text import number, printable, sentence
from netaudit.vocabulary import VERDICTS

BEGIN, END = "<!-- netaudit: begin -->", "<!-- netaudit: end -->"
"""Around the section, so that a newer one can take its place."""


def card(report: Report, analyses: Sequence[Analysis]) -> dict[str, bytes]:
    """The section, as the content of one file."""
    presented = present(report, analyses)
    lines = [
        BEGIN,
        "",
        "## Audit of the weights",
        "",
        f"How random-like are the {in_general(report.layers)}, and can they be run in reverse? Measured by "
        f"[netaudit](https://pypi.org/project/netaudit-dnn/) {_text(report.provenance.versions.get('netaudit', ''))}.",
        "",
        " ".join(_text(sentence(part.headline)) for part in headlines(presented)),
        _text(coverage(report)),
        "",
        _table(presented),
        "",
        "A claim that fails says that theorems on random matrices do not describe those layers: no fault of the model. "
        "To see the tag on the hub, put `tags: [netaudit]` into the metadata at the top of the card.",
        "",
        "```yaml",
        *_yaml({"netaudit": _data(presented)}),
        "```",
        "",
        END,
        "",
    ]
    return {"card.md": "\n".join(lines).encode()}


def _table(presented: Presented) -> str:
    summary = presented.report.summary.claims
    rows = [
        (_text(claim.full_title), *(number(summary[claim.name].get(verdict, 0)) for verdict in VERDICTS))
        for claim in judged(presented)
    ]
    return table_markdown(("claim", *(f"{WORDS[verdict]}" for verdict in VERDICTS)), rows)


def _data(presented: Presented) -> dict[str, Any]:
    report = presented.report
    return {
        "version": printable(report.provenance.versions.get("netaudit", ""), 40),
        "fingerprint": report.to_dict()[FIELD],
        "weights_sha256": report.provenance.weights_sha256,
        "file_sha256": report.provenance.file_sha256,
        "seed": report.provenance.seed,
        "layers_audited": len(report.layers),
        "layers_skipped": len(report.skipped),
        "parameters_audited": report.coverage.parameters_audited,
        "parameters_total": report.coverage.parameters_total,
        "claims": {
            claim.name: {verdict: int(report.summary.claims[claim.name].get(verdict, 0)) for verdict in VERDICTS}
            for claim in judged(presented)
        },
    }


def _yaml(values: Mapping[str, Any], indent: str = "") -> list[str]:
    """YAML: a mapping is indented, and every other value stands as JSON, which is YAML."""
    lines: list[str] = []
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += [f"{indent}{key}:", *_yaml(value, f"{indent}  ")]
        else:
            lines.append(f"{indent}{key}: {json.dumps(value)}")
    return lines


def _text(text: str) -> str:
    """Text of one line for Markdown, as which HTML is no HTML."""
    return escaped(printable(text, 2000)).replace("&", "&amp;").replace("|", "\\|")

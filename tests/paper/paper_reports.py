"""Reports whose names are an attack."""

import msgspec

from netaudit.analyses.table import installed
from netaudit.api import AuditReport

SAMPLE = "reports/samples/mnist-mlp/audit.json"
HOSTILE = (
    r"\input{/etc/passwd}\write18{id}$x$ % #1 & _^~{}",
    "层." + "very_long_name_without_any_place_to_break_" * 6 + "\u202e\x1b[31m--''``<<>>|\"",
    '=cmd|" /C calc"!A0<script>alert(1)</script>\r\n\\end{document}\u00e9\u0119\u0141\U0001f600',
)


def renamed(report, names, times=1):
    layers = [
        msgspec.structs.replace(layer, name=name)
        for _ in range(times)
        for layer, name in zip(report.layers, names, strict=True)
    ]
    model = msgspec.structs.replace(report.model, name=names[0])
    return AuditReport.of(msgspec.structs.replace(report, layers=tuple(layers), model=model), installed())

"""The JSON Schema that ships with the package: of a report with the payloads of the built-in analyses.

After a change of a result's type, run ``python -m netaudit.analyses.shipped_schema``; a test compares.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import netaudit.results
from netaudit.analyses.table import BUILT_IN
from netaudit.results.schema import SCHEMA_FILE, make_schema


def built_in_schema() -> dict[str, Any]:
    """The schema, made from the types.

    Raises:
        ValueError: two record types share a name, or a field has no docstring.
    """
    return make_schema(
        {analysis.name: analysis.payload for analysis in BUILT_IN if analysis.scope == "layer"},
        {analysis.name: analysis.payload for analysis in BUILT_IN if analysis.scope == "network"},
    )


def schema_text() -> str:
    """The text of the file: ASCII, two-space indent, one newline at the end."""
    return json.dumps(built_in_schema(), indent=2) + "\n"


def _write() -> None:
    path = Path(netaudit.results.__file__).with_name(SCHEMA_FILE)
    path.write_text(schema_text(), encoding="ascii", newline="\n")


if __name__ == "__main__":
    _write()

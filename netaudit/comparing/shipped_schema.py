"""The JSON Schema of compare.json that ships with the package, made from the types.

After a change of a result's type, run ``python -m netaudit.comparing.shipped_schema``; a test compares.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netaudit.comparing.payload import FORMAT_VERSION, SCHEMA_ID, Compared
from netaudit.results.schema import described, whole

SCHEMA_PATH = Path(__file__).with_name(f"compare-{FORMAT_VERSION}.schema.json")


def shipped_schema() -> dict[str, Any]:
    """The schema as it ships with the package (draft 2020-12)."""
    loaded: dict[str, Any] = json.loads(SCHEMA_PATH.read_text(encoding="ascii"))
    return loaded


def schema_text() -> str:
    """The text of the file: ASCII, two-space indent, one newline at the end.

    Raises:
        ValueError: two record types share a name, or a field has no docstring.
    """
    says = "A comparison of networks, layer by layer: every number that its pages show."
    title = f"netaudit compare.json, format {FORMAT_VERSION}"
    made = whole(described([Compared]), "Compared", SCHEMA_ID, FORMAT_VERSION, title, says)
    return json.dumps(made, indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="ascii", newline="\n")

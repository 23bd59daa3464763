"""The layout of audit.json: the same data as from the standard library, in fewer lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netaudit.results.json_layout import json_layout

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@given(values)
def test_it_is_the_value(value: Any) -> None:
    text = json_layout(value)
    assert json.loads(text) == value
    assert text.isascii()
    # but for the lists of numbers it is the layout of the standard library
    assert "".join(text.split()) == "".join(json.dumps(value, indent=2).split())


def test_numbers_share_a_line_and_names_do_not() -> None:
    found = json_layout({"a": [1, 2.5, None, True], "b": ["x", "y"], "c": [[1, 2], [3, 4]], "d": {}, "e": [{}]})
    assert found == (
        '{\n  "a": [1, 2.5, null, true],\n  "b": [\n    "x",\n    "y"\n  ],\n'
        '  "c": [\n    [1, 2],\n    [3, 4]\n  ],\n  "d": {},\n  "e": [\n    {}\n  ]\n}\n'
    )


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": [1, float("-inf")]}])
def test_what_json_lacks_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        json_layout(value)
    with pytest.raises(TypeError):
        json_layout({1: 2})
    with pytest.raises(TypeError):
        json_layout([object()])

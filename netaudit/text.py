"""Text for people: names from files made safe to print and to use in a path, and numbers in words, once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

LONGEST = 300  # characters of a name shown to a person; JSON keeps the exact name


def printable(name: str, longest: int = LONGEST) -> str:
    r"""Return ``name`` with control, bidi and unassigned characters written as escapes, cut to ``longest``.

    It is cut in the middle: deep networks have long names that begin alike, and messages end with the reason.

    >>> printable("fc\x1b[31m\u202e.weight"), printable("model.layers.11.mlp.down_proj", 20)
    ('fc\\x1b[31m\\u202e.weight', 'model.lay….down_proj')
    """
    shown = "".join(c if unicodedata.category(c)[0] != "C" else c.encode("unicode_escape").decode() for c in name)
    if len(shown) <= longest:
        return shown
    end = longest // 2
    return f"{shown[: longest - 1 - end]}…{shown[len(shown) - end :]}"


def folder_name(name: str) -> str:
    """A name for a folder: letters, digits, ``.``, ``-`` and ``_`` only, never hidden, empty or a path.

    >>> folder_name("mnist-mlp"), folder_name("../../etc/passwd"), folder_name("my net")
    ('mnist-mlp', 'passwd', 'my-net')
    """
    base = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", base).strip(".-")[:100]
    return cleaned or "audit"


NONE = "–"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LONGEST_SENTENCE = 2000  # characters: a note or reason from an analysis is one sentence


def number(value: float | None, digits: int = 4) -> str:
    """A number to some significant digits, integers and what lies before a point in full, with a true minus sign.

    >>> number(None), number(1234567), number(0.123456), number(-2.5e-7), number(0.123456, 2), number(107.3, 2)
    ('–', '1,234,567', '0.1235', '−2.5 × 10⁻⁷', '0.12', '107')
    """
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return NONE
    if value == int(value) and abs(value) < 10**15:
        return f"{int(value):,}".replace("-", "−")
    if 1e-4 <= abs(value) < 1e6:
        text = f"{value:,.0f}" if abs(value) >= 10**digits - 0.5 else f"{value:.{digits}g}"
        return text.replace("-", "−")
    mantissa, exponent = f"{Decimal(value):.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def percent(share: float | None) -> str:
    """A share as a percentage; never rounded up to 100% nor down to 0%.

    >>> percent(0.123456), percent(0.99999), percent(0.1), percent(0.9596), percent(1e9)
    ('12.3%', '> 99.9%', '10%', '96.0%', '100,000,000,000%')
    """
    if share is None:
        return NONE
    if 0 < share < 0.0005:
        return "< 0.1%"
    if 0.9995 <= share < 1:
        return "> 99.9%"
    if not abs(share) < 1e4:  # no share: from a file, or no number at all
        text = number(share * 100)
        return text if text == NONE else f"{text}%"
    whole = round(share * 100)
    return f"{whole}%" if abs(share * 100 - whole) < 1e-9 else f"{share * 100:.1f}%"


def interval(ends: tuple[float, float] | None) -> str:
    """The ends of an interval, to three digits.

    >>> interval((0.25, 1.2345))
    '[0.25, 1.23]'
    """
    return NONE if ends is None else f"[{number(ends[0], 3)}, {number(ends[1], 3)}]"


def size(shape: Sequence[int]) -> str:
    """A shape.

    >>> size((1000, 784)), size(()), size([1] * 9)
    ('1000 × 784', 'scalar', '1 × 1 × 1 × 1 × 1 × 1 × …')
    """
    lengths = [str(n) for n in shape]
    return " × ".join([*lengths[:6], "…"] if len(lengths) > 6 else lengths) or "scalar"


def count(n: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "layer"), count(2000, "layer")
    ('1 layer', '2,000 layers')
    """
    return f"{number(n)} {noun}" + ("" if n == 1 else "s")


def shown_name(name: str, longest: int = LONGEST) -> str:
    """A layer's name, made safe to print.

    >>> shown_name("fc.1"), shown_name("")
    ('fc.1', '(no name)')
    """
    return printable(name, longest) or "(no name)"


def names(texts: Sequence[str], most: int = 3, separator: str = ", ", longest: int = 200) -> str:
    """The first of several names or clauses, each cut to ``longest``, and how many more there are.

    >>> names(["a", "b"]), names(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    >>> names(["a is x", "b is y", "c is x", "d is y"], separator="; ")
    'a is x; b is y; c is x; and 1 more'
    """
    shown = separator.join(printable(text, longest) for text in texts[:most])
    ending = separator.rstrip().replace(",", "")  # clauses are separated before "and", too
    return shown if len(texts) <= most else f"{shown}{ending} and {number(len(texts) - most)} more"


def sentence(text: str) -> str:
    """Untrusted prose, made safe to print, ending as a sentence does.

    >>> sentence("no bias")
    'no bias.'
    """
    text = printable(text.strip(), _LONGEST_SENTENCE)
    return text if not text or text[-1] in ".!?…" else text + "."


def capital(text: str) -> str:
    """The text beginning in upper case, unless it begins with a symbol or a name in code.

    >>> capital("the layer has no bias"), capital("min(m, n) is 10")
    ('The layer has no bias', 'min(m, n) is 10')
    """
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+[ ,]", text) else text


def flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested values as (dotted name, text) pairs, in their order.

    >>> flat({"recipe": {"epochs": 6}, "rho": [1, 0.5]})
    [('recipe.epochs', '6'), ('rho', '1, 0.5')]
    """
    pairs: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            pairs += flat(value, f"{name}.")
        else:
            pairs.append((printable(name), plain(value)))
    return pairs


def plain(value: Any) -> str:
    """Any JSON value in words, exact where it is a setting.

    >>> plain(True), plain(None), plain(0.00025), plain([])
    ('yes', '–', '0.00025', 'none')
    >>> plain([{"type": "Linear", "in": 784}, {"type": "ReLU"}])
    'type=Linear in=784, type=ReLU'
    """
    if isinstance(value, Mapping):
        return " ".join(f"{printable(str(key))}={plain(item)}" for key, item in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value) or "none"
    return NONE if value is None else printable(str(value), _LONGEST_SENTENCE)

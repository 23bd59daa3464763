"""Signs for terminals and files whose encoding lacks them: ``x`` for ``×``, ``rho`` for ``ρ``, escapes for the rest."""

from __future__ import annotations

import codecs
import re
import unicodedata

NAME = "netaudit-signs"
"""What the error handler is called, for ``errors=``."""

_PLAIN = {
    "●": "+", "▲": "?", "×": "x", "−": "-", "–": "-", "—": "-", "·": "*", "…": "...", "“": '"', "”": '"', "’": "'",
    "‖": "||", "√": "sqrt ", "±": "+/-", "≤": "<=", "≥": ">=", "≈": "~", "∼": "~", "→": "->", "∞": "inf",
    "━": "-", "╸": "-", "╺": "-",
}  # fmt: skip
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RUNS = re.compile(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|.", re.DOTALL)


def in_encoding(text: str, encoding: str) -> str:
    r"""The text with other signs for those that the encoding lacks.

    >>> in_encoding("● holds: 2.5 × 10⁻⁷ at ρ = ½", "ascii"), in_encoding("3 × ρ", "latin-1")
    ('+ holds: 2.5 x 10^-7 at rho = \\xbd', '3 × rho')
    """
    return text if _has(encoding, text) else _RUNS.sub(lambda run: _instead(run[0], encoding), text)


def _instead(run: str, encoding: str) -> str:
    if _has(encoding, run):
        return run
    if run in _PLAIN:
        return _PLAIN[run]
    raised = run.translate(_RAISED)
    if raised != run:
        return f"^{raised}"
    kind, _, letter = unicodedata.name(run, "").rpartition(" LETTER ")
    if kind.startswith("GREEK ") and letter.isalpha():
        return letter.lower() if kind.endswith("SMALL") else letter.capitalize()
    lowered = run.translate(_LOWERED)
    return run.encode("ascii", "backslashreplace").decode() if lowered == run else lowered


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _replace(error: UnicodeError) -> tuple[str, int]:
    """What is printed was laid out by others: where they cut a line short to fit, it must not grow."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return in_encoding(error.object[error.start : error.end].replace("…", "~"), "ascii"), error.end


codecs.register_error(NAME, _replace)

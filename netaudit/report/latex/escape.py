r"""Any text as LaTeX that prints it: no character of it is a command, and none is missing in the fonts.

The output is ASCII and needs no package: it works in the old encoding OT1 and in T1, and in a .bib file.
"""

from __future__ import annotations

import re
import unicodedata

from netaudit.text import NONE

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{", "}": r"\}", "$": r"{\char36}", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedblright{}", "`": r"\textquoteleft{}",
}  # fmt: skip
_LETTERS = {"ß": r"{\ss}", "æ": r"{\ae}", "Æ": r"{\AE}", "œ": r"{\oe}", "Œ": r"{\OE}", "ø": r"{\o}", "Ø": r"{\O}",
            "ł": r"{\l}", "Ł": r"{\L}", "ı": r"{\i}", "§": r"\S{}", "¶": r"\P{}", "©": r"\copyright{}"}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c", "\u0323": "d",
}  # fmt: skip
_SIGNS = {"–": "--", "—": "---", "…": r"\ldots{}", "“": "``", "”": "''", "‘": "`", "’": "'", "\u00a0": "~"}
_MATHS = {
    "−": "-", "×": r"\times", "±": r"\pm", "·": r"\cdot", "≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "≠": r"\neq",
    "→": r"\rightarrow", "∞": r"\infty", "∈": r"\in", "∑": r"\sum", "‖": r"\|", "°": r"^\circ", "⊤": r"\top",
    "½": r"\frac12", "¼": r"\frac14", "¾": r"\frac34", "√": r"\surd", "●": r"\bullet", "○": r"\circ", "▲": r"\triangle",
    "⁻": "^{-}", "²": "^2", "³": "^3", "¹": "^1", "µ": r"\mu", "ℝ": r"\mathbf{R}",
}  # fmt: skip
_MATHS |= {c: f"^{{{unicodedata.digit(c)}}}" for c in "⁰⁴⁵⁶⁷⁸⁹"} | {
    c: f"_{{{unicodedata.digit(c)}}}" for c in "₀₁₂₃₄₅₆₇₈₉"
}
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda",
    "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_MATHS |= {letter: f"\\{word}" for letter, word in _GREEK.items()}

_POWER = re.compile("[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_DOUBLED = re.compile(r"(?<=(?P<sign>[-',]))(?=(?P=sign))")  # two of them would print as one other character


def escaped(text: str) -> str:
    r"""Plain text for LaTeX; what no font has is written as an escape.

    >>> print(escaped("50% of a_b, $x$ & −2 × 10⁻³"))
    50\% of a\_b, {\char36}x{\char36} \& $-$2 $\times$ 10$^{-3}$
    >>> print(escaped("Péché 层"))
    P{\'e}ch{\'e} \textbackslash{}u5c42
    """
    if _DOUBLED.search(text):
        return "{}".join(escaped(piece) for piece in _DOUBLED.split(text)[::2])
    pieces: list[str] = []
    place = 0
    for power in _POWER.finditer(text):
        pieces += [*map(_character, text[place : power.start()]), f"$^{{{power.group().translate(_DIGITS)}}}$"]
        place = power.end()
    pieces += map(_character, text[place:])
    return "".join(pieces)


def name(text: str, longest: int = 8) -> str:
    r"""Untrusted text in a fixed-width face, with places to break after ``. _ / -`` and in long pieces.

    >>> print(name("fc.bias_x"))
    \texttt{fc.\allowbreak{}bias\_\allowbreak{}x}
    """
    return f"\\texttt{{{broken(text, longest)}}}"


def broken(text: str, longest: int) -> str:
    """The text, escaped, with places to break in every word of more than ``longest`` characters."""
    text = spelt(text)
    pieces = [
        piece[start : start + longest]
        for piece in re.findall(r"[^\s._/-]*[._/-]+|[^\s._/-]+|\s+", text)
        for start in range(0, len(piece), longest)
    ]
    made = ""
    for place, piece in enumerate(pieces):
        joins = place > 0 and not piece.isspace() and not pieces[place - 1].isspace()
        made += (r"\allowbreak{}" if joins else "") + escaped(piece)
    return made


def spelt(text: str) -> str:
    r"""The text with an escape in the place of each character that no font has, as long as it is printed.

    >>> spelt("é 层")
    'é \\u5c42'
    """
    return "".join(_without_glyph(c) or c for c in text)


def number(text: str) -> str:
    r"""A number as :func:`netaudit.text.number` prints it, in one piece of mathematics.

    >>> number("−2.5 × 10⁻⁷"), number("1,234")
    ('\\ensuremath{-2.5 \\times 10^{-7}}', '\\ensuremath{1{,}234}')
    """
    if text == NONE:
        return "--"
    plain = _POWER.sub(lambda power: f"^{{{power.group().translate(_DIGITS)}}}", text)
    plain = plain.replace(",", "{,}").replace("−", "-").replace("×", r"\times").replace("%", r"\%")
    return f"\\ensuremath{{{plain}}}"


def comment(text: str) -> str:
    """Text for a line of a comment: printable ASCII, which ends with the line.

    >>> comment("层")
    '\\\\u5c42'
    """
    return "".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in text)


def _character(c: str) -> str:
    if c in _SPECIAL:
        return _SPECIAL[c]
    if " " <= c <= "~":
        return c
    for table in (_LETTERS, _SIGNS):
        if c in table:
            return table[c]
    if c in _MATHS:
        return f"${_MATHS[c]}$"
    base, *marks = list(unicodedata.normalize("NFD", c))
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
        accent = _ACCENTS[marks[0]]
        return f"{{\\{accent}{{{base}}}}}" if accent.isalpha() else f"{{\\{accent}{base}}}"
    return escaped(_escape(c))


def _without_glyph(c: str) -> str:
    """The escape of a character that is printed as one, or nothing."""
    return _escape(c) if not c.isspace() and _character(c) == escaped(_escape(c)) else ""


def _escape(c: str) -> str:
    return c.encode("unicode_escape").decode()

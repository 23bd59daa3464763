"""Names from files are untrusted text: make them safe to print and to use in a path."""

import re
import unicodedata

LONGEST = 300  # characters of a name shown to a person; JSON keeps the exact name


def printable(name: str, longest: int = LONGEST) -> str:
    r"""Return ``name`` with control, bidi and unassigned characters written as escapes, cut to ``longest``.

    >>> printable("fc\x1b[31m\u202e.weight")
    'fc\\x1b[31m\\u202e.weight'
    """
    shown = "".join(c if unicodedata.category(c)[0] != "C" else c.encode("unicode_escape").decode() for c in name)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def folder_name(target: str) -> str:
    """Return a name for the report's folder: letters, digits, ``.``, ``-`` and ``_`` only, never hidden or empty.

    >>> folder_name("zoo:mnist-mlp"), folder_name("../../etc/passwd"), folder_name("my net.pt")
    ('mnist-mlp', 'passwd', 'my-net')
    """
    base = re.split(r"[/\\]", target.rstrip("/\\"))[-1]
    base = re.sub(r"^(zoo|torchvision|timm):", "", base)
    base = re.sub(r"\.(pt|pth|safetensors(\.index\.json)?)$", "", base)
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", base).strip(".-")[:100]
    return cleaned or "audit"

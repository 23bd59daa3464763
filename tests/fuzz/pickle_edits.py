"""Edits of pickles: opcodes left out, twice, in another order, with other arguments, and the calls of an attacker."""

from __future__ import annotations

import pickle
import pickletools
import struct
from random import Random

from fuzz.damage import INTERESTING

CANARY = "netaudit_canary"
"""A module that does not exist, and that nothing must try to import."""
GLOBALS = (
    *("os system", f"{CANARY} sing", "builtins eval", "builtins getattr", "torch._utils _rebuild_tensor_v2"),
    *("torch._utils _rebuild_parameter", "torch FloatStorage", "torch DoubleStorage", "torch BFloat16Storage"),
    *("torch.storage UntypedStorage", "torch.storage _load_from_bytes", "collections OrderedDict", "torch Size"),
    *("torch._utils _rebuild_sparse_tensor", "torch._utils _rebuild_qtensor", "torch._utils _rebuild_tensor_v3"),
    *(
        "torch._utils _rebuild_wrapper_subclass",
        "torch._tensor _rebuild_from_type_v2",
        "torch.nn.modules.linear Linear",
    ),
    *("numpy.core.multiarray _reconstruct", "numpy dtype", "numpy.core.multiarray scalar", "_codecs encode"),
    *("torch._utils _rebuild_meta_tensor_no_storage", "torch._utils _rebuild_nested_tensor", "builtins set"),
    *("torch.distributed._tensor DTensor", "copyreg _reconstructor", "__builtin__ tuple", "torch bfloat16"),
)
SNIPPETS = (
    *(pickle.MARK, pickle.STOP, pickle.POP, pickle.POP_MARK, pickle.DUP, pickle.NONE, pickle.NEWTRUE, pickle.REDUCE),
    *(pickle.BUILD, pickle.BINPERSID, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.EMPTY_TUPLE),
    *(pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.EMPTY_SET, pickle.APPEND, pickle.APPENDS, pickle.SETITEM),
    *(pickle.SETITEMS, pickle.ADDITEMS, pickle.FROZENSET, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.STACK_GLOBAL),
    *(pickle.MEMOIZE, pickle.LIST, pickle.DICT, pickle.OBJ, pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
    *(b"\x82\x01", b"I01\n", b"L5L\n", b"F1e400\n", b"Fnan\n", b"Pkey\n", b"g0\n", b"p0\n", b"S'a\\x1b'\n", b"Vx\n"),
    *(
        b"\x8a\xff" + b"\x7f" * 255,
        b"\x8b\xff\xff\xff\x7f",
        b"X\xff\xff\xff\x7f",
        b"\x8d" + b"\xff" * 8,
        b"\x95" + b"\xff" * 8,
    ),
    *(
        b"cnetaudit_canary\nsing\n)R",
        b"cos\nsystem\nX\x04\x00\x00\x00true\x85R",
        b"(inetaudit_canary\nsing\n",
        b"cnetaudit_canary\nsing\n)\x81",
    ),
)
_STRINGS = (
    "",
    "x",
    "\x1b[31mred",
    "a\nb",
    "0",
    "1",
    "2",
    "cpu",
    "storage",
    "module",
    "state_dict",
    "x" * 300,
    "ключ",
    "__class__",
)


def steps(data: bytes) -> list[bytes]:
    """The opcodes of the first pickle, each with its argument; what follows it is the last piece."""
    places = []
    try:
        for _, _, place in pickletools.genops(data):
            places.append(place)
        end = places[-1] + 1
    except (ValueError, IndexError):
        end = len(data)
    places = [place for place in places if place is not None]
    return [data[start:stop] for start, stop in zip(places, [*places[1:], end], strict=True)] + [data[end:]]


def edited(random: Random, data: bytes, other: bytes = b"") -> bytes:
    """A pickle after one edit or some; it ends with the other's steps at times."""
    *own, rest = steps(data)
    if random.random() < 0.2 and rest.startswith(b"\x80"):  # an old file is a row of pickles
        return b"".join(own) + edited(random, rest)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        place = random.randrange(len(own)) if own else 0
        kind = random.randrange(9)
        if kind < 3 and own:
            own[place] = _another(random, own[place], own)
        elif kind == 3 and own:
            del own[place]
        elif kind == 4 and own:
            own.insert(place, own[random.randrange(len(own))])
        elif kind == 5 and own:
            again = random.randrange(len(own))
            own[place], own[again] = own[again], own[place]
        elif kind == 6:
            own.insert(place, random.choice(SNIPPETS))
        elif kind == 7:
            own.insert(place, b"c" + random.choice(GLOBALS).replace(" ", "\n").encode() + b"\n")
        elif own:
            start = random.randrange(len(own))
            own[place:place] = own[start : start + random.choice((2, 5, 20))]
    if other and random.random() < 0.1:
        theirs = steps(other)
        own = own[: random.randrange(len(own) + 1)] + theirs[random.randrange(len(theirs)) : -1]
    return b"".join(own) + rest


def _another(random: Random, step: bytes, own: list[bytes]) -> bytes:
    """The step with another argument of its kind."""
    code = step[:1]
    if code in (pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1):
        value = random.choice((*INTERESTING, -1, -(2**31)))
        return pickle.LONG1 + bytes([9]) + value.to_bytes(9, "little", signed=True)
    if code in (pickle.BINUNICODE, pickle.SHORT_BINUNICODE):
        texts = [one for one in own if one[:1] == code]
        text = random.choice(_STRINGS).encode()
        return random.choice((random.choice(texts), pickle.BINUNICODE + struct.pack("<I", len(text)) + text))
    if code == pickle.GLOBAL:
        named = [one for one in own if one[:1] == code]
        return random.choice((random.choice(named), b"c" + random.choice(GLOBALS).replace(" ", "\n").encode() + b"\n"))
    if code in (pickle.BINGET, pickle.BINPUT):
        return code + bytes([random.choice((0, 1, 2, 5, 255, random.randrange(256)))])
    if code == pickle.BINFLOAT:
        return code + struct.pack(">d", random.choice((0.0, -1.0, float("nan"), float("inf"), 1e308)))
    return random.choice(SNIPPETS)


def borders(data: bytes) -> list[int]:
    """Where the opcodes are."""
    places, end = [], 0
    for step in steps(data):
        places.append(end)
        end += len(step)
    return places

"""Blocks of ggml's quantised types, one number at a time, as ggml-quants.c of llama.cpp has them; and packers of some.

The packers are written for these tests; llama.cpp's own search for better scales. What they give is a valid block,
whose error its own steps bound. The grids of the IQ types are tables of up to 2,048 rows in ggml-common.h, and are
taken from the package: only the layout is told independently.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from gguf import quants

IQ4_VALUES = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)


def half(raw: bytes) -> float:
    return float(struct.unpack("<e", raw)[0])


def up(value: float) -> np.float16:
    """The next half-precision number that is not smaller."""
    near = np.float16(value)
    return near if float(near) >= value else np.nextafter(near, np.float16(np.inf))


def six(scales: np.ndarray) -> bytes:
    """Sixteen codes of 6 bits in 12 bytes, as Q3_K has them."""
    low = [int(scales[j]) & 15 | (int(scales[j + 8]) & 15) << 4 for j in range(8)]
    high = [sum((int(scales[j + 4 * k]) >> 4) << 2 * k for k in range(4)) for j in range(4)]
    return bytes(low + high)


def eights(scales: np.ndarray, minima: np.ndarray) -> bytes:
    """Eight scales and eight minima of 6 bits in 12 bytes, as Q4_K and Q5_K have them."""
    low, least = [int(s) for s in scales], [int(m) for m in minima]
    first = [low[j] & 63 | low[j + 4] >> 4 << 6 for j in range(4)]
    second = [least[j] & 63 | least[j + 4] >> 4 << 6 for j in range(4)]
    return bytes(first + second + [low[j + 4] & 15 | (least[j + 4] & 15) << 4 for j in range(4)])


def affine(x: np.ndarray, size: int, most: int, largest: int) -> tuple[np.float16, np.float16, np.ndarray, ...]:
    """d, dmin, scales, minima and codes of ``x ~ d s q - dmin m``, and half of each step."""
    parts = x.reshape(-1, size)
    least = np.maximum(-parts.min(1), 0)
    dmin = up(least.max() / largest)
    minima = np.ceil(least / float(dmin) - 1e-9)
    spans = np.maximum(parts.max(1) + float(dmin) * minima, 1e-6) / most
    d = up(spans.max() / largest)
    scales = np.ceil(spans / float(d) - 1e-9)
    steps = float(d) * scales[:, None]
    codes = np.clip(np.rint((parts + float(dmin) * minima[:, None]) / steps), 0, most).astype(int)
    return d, dmin, scales, minima, codes.reshape(-1), np.repeat(steps / 2, size)


def symmetric(x: np.ndarray, low: int, high: int, largest: int) -> tuple[np.float16, np.ndarray, ...]:
    """d, scales and codes of ``x ~ d s q`` for sixteen numbers a scale, and half of each step."""
    parts = x.reshape(-1, 16)
    spans = np.maximum(parts.max(1) / high, parts.min(1) / low)
    d = up(spans.max() / largest)
    scales = np.ceil(spans / float(d) - 1e-9)
    steps = float(d) * scales[:, None]
    codes = np.clip(np.rint(parts / steps), low, high).astype(int)
    return d, scales, codes.reshape(-1), np.repeat(steps / 2, 16)


def by_quarters(codes: np.ndarray, bits: int = 3) -> bytes:
    """Two low bits a code: number i lies in byte 32 (i // 128) + i % 32, at twice (i % 128) // 32."""
    packed = np.zeros(64, int)
    for i, code in enumerate(codes):
        packed[32 * (i // 128) + i % 32] |= (int(code) & bits) << 2 * (i % 128 // 32)
    return bytes(packed.tolist())


def by_halves(codes: np.ndarray) -> bytes:
    """Four low bits a code: number i lies in byte 32 (i // 64) + i % 32."""
    packed = np.zeros(128, int)
    for i, code in enumerate(codes):
        packed[32 * (i // 64) + i % 32] |= (int(code) & 15) << 4 * (i // 32 % 2)
    return bytes(packed.tolist())


def q2_k(x: np.ndarray) -> tuple[bytes, np.ndarray]:
    d, dmin, scales, minima, codes, half_steps = affine(x, 16, 3, 15)
    packed = bytes(int(s) | int(m) << 4 for s, m in zip(scales, minima, strict=True))
    return packed + by_quarters(codes) + d.tobytes() + dmin.tobytes(), half_steps


def q3_k(x: np.ndarray) -> tuple[bytes, np.ndarray]:
    d, scales, codes, half_steps = symmetric(x, -4, 3, 31)
    mask = np.zeros(32, int)
    for i, code in enumerate(codes):
        mask[i % 32] |= int(code >= 0) << i // 32
    return bytes(mask.tolist()) + by_quarters(codes & 3) + six(scales + 32) + d.tobytes(), half_steps


def q4_k(x: np.ndarray) -> tuple[bytes, np.ndarray]:
    d, dmin, scales, minima, codes, half_steps = affine(x, 32, 15, 63)
    return d.tobytes() + dmin.tobytes() + eights(scales, minima) + by_halves(codes), half_steps


def q5_k(x: np.ndarray) -> tuple[bytes, np.ndarray]:
    d, dmin, scales, minima, codes, half_steps = affine(x, 32, 31, 63)
    high = np.zeros(32, int)
    for i, code in enumerate(codes):
        high[i % 32] |= (int(code) >> 4) << i // 32
    raw = d.tobytes() + dmin.tobytes() + eights(scales, minima) + bytes(high.tolist()) + by_halves(codes)
    return raw, half_steps


def q6_k(x: np.ndarray) -> tuple[bytes, np.ndarray]:
    d, scales, codes, half_steps = symmetric(x, -32, 31, 127)
    low, high = np.zeros(128, int), np.zeros(64, int)
    for i, code in enumerate(codes + 32):
        part, place = divmod(i, 128)
        group, column = divmod(place, 32)
        low[64 * part + column + 32 * (group % 2)] |= (int(code) & 15) << 4 * (group // 2)
        high[32 * part + column] |= (int(code) >> 4) << 2 * group
    return bytes(low.tolist()) + bytes(high.tolist()) + bytes(map(int, scales)) + d.tobytes(), half_steps


PACKERS = {"Q2_K": q2_k, "Q3_K": q3_k, "Q4_K": q4_k, "Q5_K": q5_k, "Q6_K": q6_k}


def grid(kind: str, length: int) -> np.ndarray:
    known = getattr(quants, kind)
    known.init_grid()
    return np.asarray(known.grid).reshape(-1, length)


def signs(code: int) -> list[int]:
    """Seven signs, and an eighth that makes the number of minus signs even."""
    code |= (code.bit_count() & 1) << 7
    return [-1 if code >> j & 1 else 1 for j in range(8)]


def eight_signs(code: int) -> list[int]:
    return [-1 if code >> j & 1 else 1 for j in range(8)]


def iq2_xxs(raw: bytes) -> Iterator[float]:
    rows, d = grid("IQ2_XXS", 8), half(raw[:2])
    for part in range(8):
        own = raw[2 + 8 * part : 10 + 8 * part]
        word = int.from_bytes(own[4:], "little")
        for k in range(4):
            for value, sign in zip(rows[own[k]], signs(word >> 7 * k & 127), strict=True):
                yield d * (0.5 + (word >> 28)) * 0.25 * value * sign


def iq2_xs(raw: bytes) -> Iterator[float]:
    rows, d, words, scales = grid("IQ2_XS", 8), half(raw[:2]), np.frombuffer(raw[2:66], "<u2"), raw[66:]
    for i, word in enumerate(words.tolist()):
        scale = scales[i // 4] >> (4 if i % 4 > 1 else 0) & 15
        for value, sign in zip(rows[word & 511], signs(word >> 9), strict=True):
            yield d * (0.5 + scale) * 0.25 * value * sign


def iq2_s(raw: bytes) -> Iterator[float]:
    rows, d, low, minus, high, scales = grid("IQ2_S", 8), half(raw[:2]), raw[2:34], raw[34:66], raw[66:74], raw[74:]
    for i in range(32):
        part, k = divmod(i, 4)
        row = low[i] | (high[part] >> 2 * k & 3) << 8
        scale = scales[part] >> (4 if k > 1 else 0) & 15
        for value, sign in zip(rows[row], eight_signs(minus[i]), strict=True):
            yield d * (0.5 + scale) * 0.25 * value * sign


def iq3_xxs(raw: bytes) -> Iterator[float]:
    rows, d, codes, words = grid("IQ3_XXS", 4), half(raw[:2]), raw[2:66], np.frombuffer(raw[66:], "<u4")
    for part, word in enumerate(words.tolist()):
        for k in range(4):
            values = [*rows[codes[8 * part + 2 * k]], *rows[codes[8 * part + 2 * k + 1]]]
            for value, sign in zip(values, signs(word >> 7 * k & 127), strict=True):
                yield d * (0.5 + (word >> 28)) * 0.5 * value * sign


def iq3_s(raw: bytes) -> Iterator[float]:
    rows, d = grid("IQ3_S", 4), half(raw[:2])
    low, high, minus, scales = raw[2:66], raw[66:74], raw[74:106], raw[106:]
    for i in range(32):
        part, k = divmod(i, 4)
        bits = high[part] >> 2 * k
        values = [*rows[low[2 * i] | (bits & 1) << 8], *rows[low[2 * i + 1] | (bits >> 1 & 1) << 8]]
        scale = scales[part // 2] >> 4 * (part % 2) & 15
        for value, sign in zip(values, eight_signs(minus[i]), strict=True):
            yield d * (1 + 2 * scale) * value * sign


def iq1_s(raw: bytes) -> Iterator[float]:
    rows, d, low, high = grid("IQ1_S", 8), half(raw[:2]), raw[2:34], np.frombuffer(raw[34:], "<u2").tolist()
    for i in range(32):
        word = high[i // 4]
        delta = -0.125 if word & 0x8000 else 0.125
        for value in rows[low[i] | (word >> 3 * (i % 4) & 7) << 8]:
            yield d * (2 * (word >> 12 & 7) + 1) * (value + delta)


def iq1_m(raw: bytes) -> Iterator[float]:
    rows, low, high, words = grid("IQ1_M", 8), raw[:32], raw[32:48], np.frombuffer(raw[48:], "<u2").tolist()
    d = half(struct.pack("<H", sum((word >> 12) << 4 * k for k, word in enumerate(words))))
    for i in range(32):
        part, nibble = i // 4, high[i // 2] >> 4 * (i % 2) & 15
        scale = words[part // 2] >> (6 * (part % 2) + 3 * (i % 4 // 2)) & 7
        for value in rows[low[i] | (nibble & 7) << 8]:
            yield d * (2 * scale + 1) * (value + (-0.125 if nibble & 8 else 0.125))


def iq4_nl(raw: bytes) -> Iterator[float]:
    for shift in (0, 4):
        for byte in raw[2:]:
            yield half(raw[:2]) * IQ4_VALUES[byte >> shift & 15]


def iq4_xs(raw: bytes) -> Iterator[float]:
    high = int.from_bytes(raw[2:4], "little")
    for part in range(8):
        scale = raw[4 + part // 2] >> 4 * (part % 2) & 15 | (high >> 2 * part & 3) << 4
        for shift in (0, 4):
            for byte in raw[8 + 16 * part : 24 + 16 * part]:
                yield half(raw[:2]) * (scale - 32) * IQ4_VALUES[byte >> shift & 15]


DECODERS = {
    **{"IQ1_S": iq1_s, "IQ1_M": iq1_m, "IQ2_XXS": iq2_xxs, "IQ2_XS": iq2_xs, "IQ2_S": iq2_s},
    **{"IQ3_XXS": iq3_xxs, "IQ3_S": iq3_s, "IQ4_NL": iq4_nl, "IQ4_XS": iq4_xs},
}

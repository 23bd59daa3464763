import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netaudit.text import LONGEST, folder_name, number, percent, printable


@given(st.text(st.characters(exclude_categories=[]), max_size=400))
def test_printable_is_printable(name):
    shown = printable(name)
    assert len(shown) <= LONGEST
    shown.encode("utf-8")
    assert shown.isprintable() or " " in shown or not shown.isascii()
    assert not any(c in shown for c in "\x1b\n\r\u202e\u2066\u200f")


@given(st.text(max_size=200))
def test_a_folder_name_is_one_plain_name(target):
    name = folder_name(target)
    assert name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert not name.startswith(".")
    assert len(name) <= 100


@pytest.mark.parametrize(
    ("target", "name"),
    [
        *(("alexnet", "alexnet"), ("a/b", "b"), ("vgg16.tv_in1k", "vgg16.tv_in1k"), ("my net", "my-net")),
        *(("..", "audit"), ("", "audit"), ("a/folder/", "folder"), (".hidden", "hidden")),
    ],
)
def test_folder_names(target, name):
    assert folder_name(target) == name


DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")


def read(text):
    """The number that a reader takes from the text."""
    return float(text.replace(" × 10", "e").translate(DIGITS).replace(",", ""))


@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_a_number_is_printed_to_four_digits(value):
    assert abs(read(number(value)) - value) <= 0.0005001 * abs(value)
    assert len(number(value)) <= 21
    assert "e" not in number(value)


@given(st.floats(-1e6, 1e6, allow_subnormal=False), st.integers(1, 6))
def test_a_number_of_fewer_digits_keeps_what_lies_before_the_point(value, digits):
    text = number(value, digits)
    assert "e" not in text
    assert abs(read(text) - value) <= 0.50001 * 10 ** (1 - digits) * abs(value)
    assert abs(value) < 1 or abs(read(text) - value) <= 0.5


def test_what_is_no_number_is_a_dash():
    assert [number(value) for value in (None, float("nan"), float("inf"))] == ["–"] * 3


@given(st.integers(-(10**14), 10**14))
def test_integers_are_printed_in_full(value):
    assert read(number(value)) == value


def test_rounding_up_to_a_power_of_ten():
    assert [number(value) for value in (9999.6, 12345.6, 999999.7)] == ["10,000", "12,346", "1,000,000"]


def test_huge_integers_are_shortened():
    assert number(10**400) == "1 × 10⁴⁰⁰"


@given(st.floats(0, 1))
def test_a_share_is_never_rounded_to_all_or_nothing(share):
    text = percent(share)
    assert (text == "100%") == (share * 100 > 100 - 1e-9 and not 0.9995 <= share < 1)
    assert re.fullmatch(r"[<>]? ?\d+(\.\d)?%", text)
    if text == "0%":
        assert share == 0


def test_what_is_no_share_is_still_a_text():
    values = (1e9, -2e9, 1e308, float("nan"), float("-inf"), None)
    assert [percent(value) for value in values] == ["100,000,000,000%", "−200,000,000,000%", "–", "–", "–", "–"]

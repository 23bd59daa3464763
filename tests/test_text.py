import pytest
from hypothesis import given
from hypothesis import strategies as st

from netaudit.text import LONGEST, folder_name, printable


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

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codex_notebook.core.text import Text


def test_an_older_version_does_not_change_when_a_newer_one_is_appended_to() -> None:
    old = Text("a")
    new = old.append("b").append("c")
    assert str(old) == "a"
    assert str(new) == "abc"


def test_two_continuations_of_one_text_do_not_disturb_each_other() -> None:
    base = Text("a").append("b")
    left, right = base.append("left"), base.append("right")
    assert (str(left), str(right), str(base)) == ("ableft", "abright", "ab")


def test_since_gives_what_was_appended() -> None:
    base = Text("a").append("b")
    assert base.append("c").append("d").since(base) == "cd"
    assert base.since(base) == ""
    assert base.since(Text()) == "ab"


def test_since_is_none_for_a_text_that_did_not_grow_out_of_the_other() -> None:
    base = Text("a")
    left, right = base.append("left"), base.append("right")
    assert right.since(left) is None
    assert base.since(left) is None


def test_appending_nothing_gives_the_same_text() -> None:
    text = Text("a")
    assert text.append("") is text


@given(st.lists(st.text()))
def test_a_text_equals_the_string_of_its_pieces(pieces: list[str]) -> None:
    text = Text()
    for piece in pieces:
        text = text.append(piece)
    assert str(text) == "".join(pieces)
    assert text == Text("".join(pieces))
    assert hash(text) == hash(Text("".join(pieces)))
    assert text != "".join(pieces)

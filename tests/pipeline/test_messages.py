"""Values and errors fit on one line of a message."""

import pytest

from pipeline.messages import did_you_mean, one_line, quoted


def test_an_error_is_one_line_of_its_words() -> None:
    assert one_line("a\n b" + "c" * 400) == "a b" + "c" * 294 + "..."
    assert one_line(ValueError("a\tb")) == "a b"
    assert one_line(ValueError()) == "ValueError"


def deep() -> list[object]:
    made: list[object] = []
    for _ in range(100_000):
        made = [made]
    return made


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\nb", r"'a\nb'"),
        ("x" * 100, "'" + "x" * 76 + "..."),
        (10**5000, "a int too long to show"),
        (deep(), "a list too long to show"),
    ],
    ids=["a line end", "long", "a large number", "nested"],
)
def test_a_value_is_quoted_and_cut(value: object, expected: str) -> None:
    assert quoted(value) == expected


def test_a_similar_name_is_suggested() -> None:
    assert did_you_mean("fogg", ["fog", "rain"]) == " (did you mean 'fog'?)"
    assert did_you_mean("xyz", ["fog", "rain"]) == ""

"""How a plan file is read as YAML, and written."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dr_console.plans import notation
from dr_console.plans.problems import PlanError


def value(text: str):
    found = notation.parse(text.encode())
    assert found.problems == []
    return found.value


def problem(data: str | bytes) -> str:
    """The one line that is said about it."""
    try:
        problems = notation.parse(data if isinstance(data, bytes) else data.encode()).problems
    except PlanError as error:
        problems = error.problems
    assert len(problems) == 1
    return f"{problems[0].line}: {problems[0]}"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("007", "007"),
        ("0x1f", "0x1f"),
        ("2025-02-30", "2025-02-30"),
        ("2025-01-31", date(2025, 1, 31)),
        ("'2025-01-31'", "2025-01-31"),
        ("15", 15),
        ("-3", -3),
        ("'15'", "15"),
        ("99.95", 99.95),
        ("1e3", 1000.0),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("!", ""),
        ("+1-555-0100", "+1-555-0100"),
    ],
)
def test_words_are_read_as_yaml_1_2_has_them(written, read):
    found = value(f"a: {written}")["a"]
    assert found == read
    assert type(found) is type(read)


def test_the_line_of_every_place_is_known():
    found = notation.parse(b"a:\n  - b: 1\n    c: 2\n  - d\n")
    assert found.lines[("a", 0, "c")] == 3
    assert found.lines[("a", 1)] == 4


def test_a_byte_order_mark_is_no_character():
    assert value("\ufeffa: 1") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2\n", "2: a: expected each name once, found one that line 1 has already."),
        ("a:\n\tb: 1\n", "2: the plan: expected spaces at the beginning of the line, found a tab."),
        ("a: [1\nb: 2\n", "2: the plan: expected YAML, found a mistake in it"),
        ("a: 1\n---\nb: 2\n", "2: the plan: expected one document, found a second one."),
        ("a: &x 1\n", "1: a: expected a value without an anchor, found &x."),
        ("a: *x\n", "1: a: expected the value itself, found the alias *x."),
        ("a: !!python/object/apply:os.getcwd []\n", "1: a: expected a value without a tag, found tag:yaml.org"),
        ("a: !!binary aGk=\n", "1: a: expected a value without a tag"),
        ("? [a]\n: 1\n", "1: the plan: expected a name, found something else before a colon."),
        ("a: \x07\n", "1: the plan: expected text without control characters"),
        (b"a: 1\nb: \xff\n", "2: the plan: expected text in UTF-8, found the byte 0xff."),
        (b"a" * (1024 * 1024 + 1), "None: the plan: expected a file of at most 1 MiB, found a larger one."),
        ("a: " + "[" * 100_000, "1: a → 1 → 1: expected at most 12 levels, found more."),
    ],
)
def test_what_is_no_plan_is_said_with_its_line(text, said):
    assert problem(text).startswith(said)


def test_aliases_cannot_grow_into_something_large():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    found = notation.parse(bomb.encode())
    assert found.value["a59"] == [None, None]
    assert len(found.problems) == 60 + 2 * 59


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_the_bytes_are_nothing_but_a_plan_error_comes_out(data):
    with suppress(PlanError):
        notation.parse(data)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=60) | st.sampled_from(
    [
        "no",
        "1e5",
        "12:30",
        "09:00",
        "~",
        "null",
        "- a",
        "#x",
        "@oncall",
        "'",
        '"',
        ": ",
        "2025-01-31",
        ".5",
        "+.inf",
        "!",
        "&a",
        " ",
    ]
)
VALUES = st.recursive(
    WORDS | st.booleans() | st.none() | st.integers(-(10**9), 10**9) | st.floats(0, 1e9) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z_]{1,10}", fullmatch=True), VALUES, max_size=4))
def test_what_is_written_is_read_back(content):
    assert value(notation.written(content, heading="A plan")) == (content or {})


def test_lists_are_indented_and_long_texts_keep_their_lines():
    content = {"a": {"names": ["东京", "x"], "text": "one\ntwo"}, "b": [{"c": "1"}]}
    assert notation.written(content, heading="Plan\nof ours") == (
        "# Plan\n# of ours\n\na:\n  names:\n    - 东京\n    - x\n  text: |-\n    one\n    two\n\nb:\n  - c: '1'\n"
    )

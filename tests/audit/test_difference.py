"""What changed, for people."""

from __future__ import annotations

import pytest

from dr_console.audit.difference import Change, changes


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, None, []),
        ({"role": "viewer"}, {"role": "viewer"}, []),
        ({"role": "viewer", "name": "Ada"}, {"role": "manager", "name": "Ada"}, [Change("role", "viewer", "manager")]),
        (None, {"level": 1}, [Change("level", None, "1")]),
        ({"level": 1}, None, [Change("level", "1", None)]),
        ({"level": None}, {"level": True}, [Change("level", "null", "true")]),
        ({"hosts": ["a", "b"]}, {"hosts": ["a"]}, [Change("hosts", "a, b", "a")]),
        ({"name": {"en": "A"}}, {"name": {"en": "B"}}, [Change("name.en", "A", "B")]),
        (
            {"steps": [{"title": "A"}, {"title": "B"}]},
            {"steps": [{"title": "A"}]},
            [Change("steps.2.title", "B", None)],
        ),
        ("one", "two", [Change("", "one", "two")]),
        ({"note": ""}, {"note": "x"}, [Change("note", "", "x")]),
    ],
)
def test_only_what_differs_is_named_with_its_path(before, after, expected):
    assert changes(before, after) == expected

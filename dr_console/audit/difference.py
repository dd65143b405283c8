"""What changed between before and after, for people. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MISSING = object()


@dataclass(frozen=True)
class Change:
    """One field: where it is, what it was, what it became. None where there was no such field."""

    field: str
    before: str | None
    after: str | None


def changes(before: Any, after: Any) -> list[Change]:
    """Every field that differs; where there is only one side, all of its fields."""
    old, new = _leaves(before), _leaves(after)
    names = [*old, *(name for name in new if name not in old)]
    return [
        Change(name, _shown(old.get(name, MISSING)), _shown(new.get(name, MISSING)))
        for name in names
        if old.get(name, MISSING) != new.get(name, MISSING)
    ]


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Nested JSON as one flat table: {"steps.2.title": …}. Lists of plain values stay together."""
    if isinstance(value, dict):
        parts = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        parts = [(str(number), item) for number, item in enumerate(value, start=1)]
    else:
        return {} if value is None and not path else {path: value}
    flat: dict[str, Any] = {}
    for key, item in parts:
        flat |= _leaves(item, f"{path}.{key}" if path else key)
    return flat


def _shown(value: Any) -> str | None:
    if value is MISSING:
        return None
    if isinstance(value, list):
        return ", ".join(_shown(item) or "" for item in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

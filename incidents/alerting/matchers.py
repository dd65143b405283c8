"""Conditions on labels, as people type them: one a line, name=value, name!=value, name~pattern, name!~pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeAlias

Matcher: TypeAlias = Sequence[str]  # name, sign, value
SIGNS = ("!=", "!~", "=", "~")
MOST = 20
_LINE = re.compile(r"\s*([^=!~\s]{1,100})\s*(!=|!~|=|~)\s*(.*?)\s*")


def parse(text: str) -> list[list[str]]:
    """Each line as [name, sign, value]. Raises ValueError with the line that is none."""
    lines = [line for line in text.splitlines() if line.strip()]
    found = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or len(match[3]) > 500:
            raise ValueError(line.strip()[:100])
        found.append([match[1], match[2], match[3]])
    if len(found) > MOST:
        raise ValueError(lines[MOST].strip()[:100])
    return found


def hold(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether all of them do. A label that is not there is empty. Patterns know * and ? alone: they cannot run away."""
    return all(_holds(name, sign, value, labels.get(name, "")) for name, sign, value in matchers)


def _holds(name: str, sign: str, value: str, found: str) -> bool:
    if sign in ("=", "!="):
        return (found == value) is (sign == "=")
    return fnmatchcase(found, value.replace("[", "[[]")) is (sign == "~")

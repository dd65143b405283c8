"""How a plan is written down: YAML to plain values, with the line of each, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml
from django.utils.translation import gettext as _
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from dr_console.plans.problems import Path, PlanError, Problem

LARGEST = 1024 * 1024
DEEPEST = 12

# The words of YAML 1.2. PyYAML knows those of 1.1, where `no` is false and 12:30 is the number 750.
NULL = re.compile(r"|~|null|Null|NULL")
FLAG = re.compile(r"true|True|TRUE|false|False|FALSE")
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})")
NUMBER = re.compile(
    r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# The stubs know neither marks nor what the kinds of event have in common.
Event = Any
# libyaml where PyYAML was built with it: it reads ten times as fast.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Notation:
    """A file as plain values. `lines` has the line of every place; problems are of the notation, not of the plan."""

    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def parse(data: bytes) -> Notation:
    """Raises PlanError where the text is no YAML at all."""
    if len(data) > LARGEST:
        raise _no_plan(_("a file of at most 1 MiB"), _("a larger one"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _no_plan(_("text in UTF-8"), _("the byte 0x%02x") % data[error.start], line) from error
    try:
        return _Composer(yaml.parse(text, Loader=Loader)).whole()
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(text, error) from error
    except yaml.YAMLError as error:  # a character that YAML does not know; its message has two lines
        line = text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
        raise _no_plan(_("text without control characters"), str(error).splitlines()[0], line) from error


def _no_plan(expected: str, found: str, line: int | None = None) -> PlanError:
    return PlanError([Problem((), expected, found, line)])


def _not_yaml(text: str, error: yaml.MarkedYAMLError) -> PlanError:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    lines = text.splitlines()
    if line < len(lines) and "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]:
        return _no_plan(_("spaces at the beginning of the line"), _("a tab"), line + 1)
    return _no_plan(_("YAML"), _("a mistake in it (%s)") % (error.problem or error.context), line + 1)


class _Composer:
    """Builds plain values from the parser's events: no tags, no anchors, no aliases, so that no file can blow up."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events: Iterator[Event] = iter(events)
        self.notation = Notation()

    def whole(self) -> Notation:
        documents = 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents == 2:
                    self._problem((), event, _("one document"), _("a second one"))
                value = self._node(next(self.events), ())
                self.notation.value = value if documents == 1 else self.notation.value
        return self.notation

    def _node(self, event: Event, path: Path) -> Any:
        self.notation.lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, AliasEvent):
            return self._problem(path, event, _("the value itself"), _("the alias *%s") % event.anchor)
        if getattr(event, "anchor", None):
            self._problem(path, event, _("a value without an anchor"), f"&{event.anchor}")
        if event.tag not in (None, "!"):
            self._problem(path, event, _("a value without a tag"), str(event.tag))
        if len(path) > DEEPEST:
            raise PlanError([Problem(path[:3], _("at most %d levels") % DEEPEST, _("more"), event.start_mark.line + 1)])
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        return _scalar(event)

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            key = self._key(event, path)
            first = self.notation.lines.get((*path, key))
            if key not in found:
                self.notation.lines[(*path, key)] = event.start_mark.line + 1
            value = self._node(next(self.events), (*path, key))
            if key in found:
                self._problem((*path, key), event, _("each name once"), _("one that line %s has already") % first)
            found.setdefault(key, value)
        return found

    def _key(self, event: Event, path: Path) -> str:
        if isinstance(event, ScalarEvent):
            return str(event.value)
        self._problem(path, event, _("a name"), _("something else before a colon"))
        self._node(event, path)
        return ""

    def _sequence(self, path: Path) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            found.append(self._node(event, (*path, len(found))))
        return found

    def _problem(self, path: Path, event: Event, expected: str, found: str) -> None:
        self.notation.problems.append(Problem(path, expected, found, event.start_mark.line + 1))


def _scalar(event: Event) -> Any:
    text = event.value
    if not event.implicit[0]:
        return text
    if NULL.fullmatch(text):
        return None
    if FLAG.fullmatch(text):
        return text.lower() == "true"
    if WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text


# --- Writing ------------------------------------------------------------------------------------
class _Dumper(yaml.SafeDumper):
    """Block style with lists indented; quotes round what this reader or one of YAML 1.1 would not read as text."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
# Times of day too: 09:00 is a text and 10:00 was a number in YAML 1.1.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[0-9]{1,2}:[0-9]{2}$"), list("0123456789"))
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(f"(?:{NUMBER.pattern})$"), list("-+.0123456789"))


def written(content: dict[str, Any], *, heading: str) -> str:
    """The file of a plan's content: a comment, then the sections with a blank line before each."""
    body = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116)
    comment = "".join(f"# {line}\n" for line in heading.splitlines())
    return comment + re.sub(r"^(?=[^\s#])", "\n", body, flags=re.MULTILINE)

"""docs/plan-file.md and the JSON Schema, both made from the schema so that they stay true."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from pydantic.fields import FieldInfo

from dr_console.plans import registry
from dr_console.plans.schema import PlanPart, Prose
from dr_console.plans.shapes import Shape, shapes

INTRODUCTION = """\
<!-- Made by `manage.py plan_schema --markdown`; a test compares. Change the schema, not this page. -->

# The plan file

One YAML file describes a whole plan. The console comes with one, `dr_console/plans/builtin.yaml`. Get yours with
`manage.py export_plan > plan.yaml`, change it, look at what would change with
`manage.py load_plan plan.yaml --dry-run`, and load it with `manage.py load_plan plan.yaml --note "Why"`. Loading takes
all of it or nothing, and makes a new version of the plan, as every change in the browser does.
`manage.py plan_schema` prints a JSON Schema for your editor.

- **Every section must be there.** A list without entries is written `[]`. What the file no longer names is retired:
  incidents and drills that refer to it keep it.
- **Keys name entries**, in the file and for ever: an entry with another key is another entry. References are keys.
- **Texts for people** are written once for each language, `{en: Tokyo, zh-hans: 东京}`, or as one string where they are
  the same.
- **Fields that may be left out** have a default, or are empty. `export_plan` leaves out what is as it would be anyway.
- The file is UTF-8, up to 1 MiB, without anchors, aliases and tags. Only `true` and `false` are flags, as in YAML 1.2:
  `on`, `no` and `12:30` are texts. A text that looks like a number or a date needs quotes.
- **Never write a secret into a plan**: every version is kept, and everybody who can log in reads it.

A wrong file is refused with one line for each problem, and exit status 2:

```
plan.yaml:41: contacts → cto → channels → 2 → address: expected an e-mail address, such as ada@example.com, found “ada”.
```
"""


def markdown() -> str:
    """The whole page."""
    return (
        "\n".join([INTRODUCTION, *(line for section in registry.sections() for line in _section(section))]).rstrip()
        + "\n"
    )


def json_schema() -> dict[str, Any]:
    schema = registry.document_model().model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "DR Console plan"}


def _section(section: registry.Section) -> Iterator[str]:
    kind = "A list." if section.many else "One mapping."
    yield f"## `{section.name}`"
    yield ""
    yield f"{section.description} {kind}"
    yield from _part(section.entry, section.name)


def _part(part: type[PlanPart], path: str) -> Iterator[str]:
    yield ""
    yield "| field | value | if left out | meaning |"
    yield "|---|---|---|---|"
    for shape in shapes(part):
        field = part.model_fields[shape.name]
        yield f"| `{shape.name}` | {_value(shape, field)} | {_default(field)} | {field.description} |"
    yield ""
    for shape in shapes(part):
        if shape.part:
            yield f"### `{path}` → `{shape.name}`"
            yield from _part(shape.part, f"{path} → {shape.name}")


def _value(shape: Shape, field: FieldInfo) -> str:
    if shape.kind == "parts":
        return "list of mappings, see below"
    if shape.kind == "text":
        return "text in both languages, several lines" if issubclass(shape.type, Prose) else "text in both languages"
    one = _one(shape)
    return f"list: {one}" if shape.kind == "values" else one + _bounds(field)


def _one(shape: Shape) -> str:
    if shape.refers and "" in shape.refers.sections:
        return f"key of `{shape.refers.sections['']}`"
    if shape.refers:
        return " or ".join(f"`{prefix}` and a key of `{name}`" for prefix, name in shape.refers.sections.items())
    if isinstance(shape.type, type) and issubclass(shape.type, Enum):
        return ", ".join(f"`{option.value}`" for option in shape.type)
    return shape.called


def _bounds(field: FieldInfo) -> str:
    found = {name: getattr(mark, name) for mark in _marks(field) for name in ("gt", "ge", "le") if hasattr(mark, name)}
    if "le" not in found:
        return ""
    least = f"over {found['gt']}" if "gt" in found else f"{found['ge']}"
    return f", {least} to {found['le']:.15g}"


def _marks(field: FieldInfo) -> Iterator[Any]:
    """Everything that a field is annotated with, that inside of `… | None` too."""
    yield from field.metadata
    for option in getattr(field.annotation, "__args__", ()):
        for mark in getattr(option, "__metadata__", ()):
            yield from mark.metadata if isinstance(mark, FieldInfo) else [mark]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be there"
    default = field.get_default()
    if default in (None, [], {}):
        return "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"

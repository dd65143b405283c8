"""Write a plan as the file that people edit: in the order of the schema, without what goes without saying."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from dr_console.plans import notation, registry
from dr_console.plans.schema import PlanPart, in_one_order
from dr_console.plans.shapes import shapes

HEADING = """\
{name}
Check a changed copy with `manage.py load_plan FILE --dry-run`, then load it without --dry-run.
docs/plan-file.md says what each field means."""


def written(content: Mapping[str, Any], *, name: str) -> str:
    """The file of a plan's content. `name` is what its first line calls it."""
    sections = {section.name: section for section in registry.sections()}
    found: dict[str, Any] = {}
    for section_name, section in sections.items():
        if section_name in content:
            value = content[section_name]
            part = section.entry
            found[section_name] = [_part(part, entry) for entry in value] if section.many else _part(part, value)
    unknown = {key: value for key, value in content.items() if key not in sections}
    return notation.written(found | unknown, heading=HEADING.format(name=name))


def _part(part: type[PlanPart], value: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for shape in shapes(part):
        field = part.model_fields[shape.name]
        given = value.get(shape.name)
        if not field.is_required() and given == field.get_default():
            continue
        if shape.part:
            given = [_part(shape.part, one) for one in given or []]
        elif shape.kind == "text" and isinstance(given, Mapping):
            given = {language: given[language] for language in ("en", "zh-hans")}
        elif shape.type is date and isinstance(given, str):
            given = date.fromisoformat(given)
        found[shape.name] = in_one_order(given) if shape.kind == "value" else given
    return found | {key: value[key] for key in value if key not in part.model_fields}

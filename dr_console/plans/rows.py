"""The current plan as rows: written from a document and read back, with a few queries a section, however long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import translation

from dr_console.plans import registry
from dr_console.plans.models import PlanRow
from dr_console.plans.registry import Child, PlanDocument, Section
from dr_console.plans.schema import LANGUAGES, PlanPart, in_one_order
from dr_console.plans.shapes import Shape, shapes

Attributes = dict[str, Any]
Identity = tuple[Any, ...]
# Primary keys by section and key of the entry.
Ids = dict[str, dict[str, int]]


# --- From the document to the rows ----------------------------------------------------------------
def apply(document: PlanDocument, *, at: datetime) -> None:
    """Make the rows say what the document says. What it no longer names is retired."""
    ids: Ids = {}
    # The untranslated column holds the default language, whoever's language this thread is speaking.
    with translation.override(settings.MODELTRANSLATION_DEFAULT_LANGUAGE):
        for section in registry.sections():
            value = getattr(document, section.name)
            _apply_section(section, value if section.many else [value], ids, at)


def _apply_section(section: Section, entries: list[Any], ids: Ids, at: datetime) -> None:
    wanted = {}
    for position, entry in enumerate(entries):
        attributes = _attributes(section.model, entry, ids)
        if section.many:
            attributes["position"] = position
        wanted[_identity(section, attributes)] = attributes
    rows = list(_all(section.model))
    stored = _store(section.model, {_identity(section, row.__dict__): row for row in rows}, wanted, at)
    ids[section.name] = {str(identity[0]): row.pk for identity, row in stored.items()} if section.many else {}
    owners = [stored[identity].pk for identity in wanted]
    for name, child in section.children.items():
        _apply_children(child, zip(owners, (getattr(entry, name) for entry in entries), strict=True), ids, at)


def _identity(section: Section, attributes: Mapping[str, Any]) -> Identity:
    return (attributes["key"],) if section.many else ()


def _apply_children(child: Child, parts_of: Iterable[tuple[int, list[PlanPart]]], ids: Ids, at: datetime) -> None:
    names = [child.model._meta.get_field(name).attname for name in (child.parent, *child.identity)]  # type: ignore[union-attr]
    wanted = {}
    for owner, parts in parts_of:
        for position, part in enumerate(parts):
            attributes = _attributes(child.model, part, ids) | {names[0]: owner, "position": position}
            wanted[tuple(attributes[name] for name in names)] = attributes
    existing = {tuple(row.__dict__[name] for name in names): row for row in _all(child.model)}
    _store(child.model, existing, wanted, at)


def _all(model: type[PlanRow]) -> models.QuerySet[PlanRow]:
    """Retired rows as well, and without modeltranslation's rewriting of field names."""
    return models.QuerySet(model)


def _store(
    model: type[PlanRow], existing: dict[Identity, Any], wanted: dict[Identity, Attributes], at: datetime
) -> dict[Identity, Any]:
    """Create, change, bring back or retire, by identity. Returns the rows that are current now."""
    new = {identity: model(**wanted[identity]) for identity in wanted if identity not in existing}
    changed, fields = [], set()
    for identity in wanted.keys() & existing.keys():
        row, attributes = existing[identity], wanted[identity] | {"retired_at": None}
        different = [name for name, value in attributes.items() if row.__dict__[name] != value]
        for name in different:
            setattr(row, name, attributes[name])
        if different:
            changed.append(row)
            fields.update(different)
    gone = [row.pk for identity, row in existing.items() if identity not in wanted and row.retired_at is None]
    if new:
        _all(model).bulk_create(new.values())
    if changed:
        _all(model).bulk_update(changed, _columns(model, fields))
    if gone:
        _all(model).filter(pk__in=gone).update(retired_at=at)
    return {identity: new.get(identity) or existing[identity] for identity in wanted}


def _columns(model: type[PlanRow], attributes: set[str]) -> list[str]:
    """The names of the changed fields, and of the untranslated column of those that are translated."""
    default = f"_{settings.MODELTRANSLATION_DEFAULT_LANGUAGE}"
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    return [field.name for field in fields if field.attname in attributes or field.name + default in attributes]


def _attributes(model: type[PlanRow], part: PlanPart, ids: Ids) -> Attributes:
    attributes: Attributes = {}
    for shape in shapes(type(part)):
        value = getattr(part, shape.name)
        if shape.kind == "text":
            texts = {language: getattr(value, language) if value else "" for language in LANGUAGES}
            attributes |= {f"{shape.name}_{language}": text for language, text in texts.items()}
        elif shape.kind == "reference" and shape.refers:
            attributes[f"{shape.name}_id"] = ids[shape.refers.sections[""]][value] if value else None
        elif shape.kind != "parts":
            may_be_null = model._meta.get_field(shape.name).null
            attributes[shape.name] = "" if value is None and not may_be_null else value
    return attributes


# --- From the rows to the document ----------------------------------------------------------------
def content() -> dict[str, Any]:
    """The current plan in plain values, as `PlanDocument.content` writes it. Without a plan, lists are empty."""
    keys: dict[str, dict[int, str]] = {}
    found: dict[str, Any] = {}
    for section in registry.sections():
        rows = list(_current(section.model, *(["position", "key"] if section.many else [])))
        if section.many:
            keys[section.name] = {row.pk: row.__dict__["key"] for row in rows}
        parts = {name: _children(section, name, child, keys) for name, child in section.children.items()}
        entries = [_entry(section.entry, row, keys, parts) for row in rows]
        if section.many or entries:
            found[section.name] = entries if section.many else entries[0]
    return found


def _current(model: type[PlanRow], *order: str) -> models.QuerySet[PlanRow]:
    return _all(model).filter(retired_at__isnull=True).order_by(*order)


def _children(section: Section, name: str, child: Child, keys: dict[str, dict[int, str]]) -> dict[int, list[Any]]:
    part = next(shape.part for shape in shapes(section.entry) if shape.name == name)
    owner = f"{child.parent}_id"
    of_parent: dict[int, list[Any]] = {}
    for row in _current(child.model, "position"):
        of_parent.setdefault(row.__dict__[owner], []).append(_entry(part, row, keys, {}))  # type: ignore[arg-type]
    return of_parent


def _entry(
    part: type[PlanPart], row: Any, keys: dict[str, dict[int, str]], parts: dict[str, dict[int, list[Any]]]
) -> dict[str, Any]:
    return {
        shape.name: parts[shape.name].get(row.pk, []) if shape.kind == "parts" else _value(shape, row.__dict__, keys)
        for shape in shapes(part)
    }


def _value(shape: Shape, row: Mapping[str, Any], keys: dict[str, dict[int, str]]) -> Any:
    if shape.kind == "text":
        texts = {written: row[f"{shape.name}_{language}"] for language, written in LANGUAGES.items()}
        same = len(set(texts.values())) == 1
        return (texts["en"] or None) if same else texts
    if shape.kind == "reference" and shape.refers:
        return keys[shape.refers.sections[""]].get(row[f"{shape.name}_id"])
    value = row[shape.name]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None if shape.optional and value == "" else in_one_order(value)

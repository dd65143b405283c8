"""Which field of a form stands for which kind of value of the plan file, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import yaml
from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext as _
from pydantic.fields import FieldInfo

from dr_console.plans.schema import LANGUAGES, PlanPart
from dr_console.plans.shapes import Shape
from dr_console.web.filters import DayInput
from dr_console.web.words import listed

Choices = Mapping[str, list[tuple[str, str]]]

LANGUAGE_NAMES = {"en": "English", "zh_hans": "简体中文"}


class AnyChoice(forms.ChoiceField):
    """The schema says what is allowed; a value that is not among the choices must reach it."""

    def valid_value(self, value: object) -> bool:
        return True


class AnyChoices(forms.MultipleChoiceField):
    def valid_value(self, value: object) -> bool:
        return True


def fields_for(part: type[PlanPart], shape: Shape, choices: Choices, known: Any) -> dict[str, forms.Field]:
    """The form fields of one value: one, or one a language. Labels and hints are the schema's own."""
    said = part.model_fields[shape.name]
    label, hint = _(said.title or shape.name), _(said.description or "")
    if shape.kind == "text":
        return {name: _kept(field, said) for name, field in _texts(shape, label, known).items()}
    field = _field(shape, choices, known)
    field.label = label
    field.help_text = " ".join(filter(None, [hint, str(field.help_text)]))
    return {shape.name: _kept(field, said)}


def _kept(field: forms.Field, said: FieldInfo) -> forms.Field:
    """Whether the label says “optional”; nothing else goes by it."""
    field.required = said.is_required()
    return field


def _texts(shape: Shape, label: str, known: Any) -> dict[str, forms.Field]:
    long = shape.type.longest() > 200
    found: dict[str, forms.Field] = {}
    for name, written in LANGUAGES.items():
        field = forms.CharField(
            label=f"{label} · {LANGUAGE_NAMES[name]}",
            required=False,
            strip=True,
            initial=known.get(written, "") if isinstance(known, dict) else known,
            widget=forms.Textarea(attrs={"rows": 3}) if long else forms.TextInput(),
        )
        field.widget.attrs["lang"] = written
        found[f"{shape.name}_{name}"] = field
    return found


def _field(shape: Shape, choices: Choices, known: Any) -> forms.Field:
    if shape.kind == "values":
        return _list_field(shape, choices, known)
    if shape.kind == "reference":
        return AnyChoice(required=False, choices=_maybe_none(shape, _references(shape, choices)), initial=known)
    if shape.type is bool:
        return forms.BooleanField(required=False, initial=known)
    if _has_options(shape):
        return AnyChoice(required=False, choices=_maybe_none(shape, _options(shape)), initial=known)
    if get_origin(shape.type) is dict or shape.type is dict:
        text = yaml.safe_dump(known, allow_unicode=True, sort_keys=False).strip() if known else ""
        return _area(text, _("One setting a line: name: value"), code=True)
    return forms.CharField(required=False, initial=known, widget=_input(shape.type.__name__))


def _list_field(shape: Shape, choices: Choices, known: Any) -> forms.Field:
    if _has_options(shape):
        options = [(value, label) for value, label in _options(shape) if value]
        # The chosen ones first, as they stand: browsers send what is ticked in the order of the page.
        chosen = [str(value) for value in known or []]
        options = sorted(options, key=lambda option: chosen.index(option[0]) if option[0] in chosen else len(chosen))
        return AnyChoices(required=False, choices=options, initial=known, widget=forms.CheckboxSelectMultiple())
    hint = _("One a line, in order.")
    if shape.refers:
        hint += " " + _("Known: %(keys)s") % {"keys": listed(key for key, _label in _references(shape, choices))}
    return _area("\n".join(str(value) for value in known or []), hint)


def _area(text: str, hint: str, *, code: bool = False) -> forms.Field:
    attributes = {"rows": 3, "spellcheck": "false"} | ({"class": "code"} if code else {})
    return forms.CharField(required=False, initial=text, help_text=hint, strip=False, widget=forms.Textarea(attributes))


def _input(kind: str) -> forms.TextInput | forms.DateInput:
    if kind == "date":
        return DayInput()
    return forms.TextInput(attrs={"inputmode": {"int": "numeric", "float": "decimal"}.get(kind, "text")})


def _has_options(shape: Shape) -> bool:
    return get_origin(shape.type) is Literal or (isinstance(shape.type, type) and issubclass(shape.type, TextChoices))


def _options(shape: Shape) -> list[tuple[str, str]]:
    """Stored words with their names for people."""
    if get_origin(shape.type) is Literal:
        return [(str(value), str(value)) for value in get_args(shape.type)]
    return [(str(value), str(label)) for value, label in shape.type.choices]


def _references(shape: Shape, choices: Choices) -> list[tuple[str, str]]:
    assert shape.refers
    return [
        (prefix + key, label) for prefix, section in shape.refers.sections.items() for key, label in choices[section]
    ]


def _maybe_none(shape: Shape, options: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [("", "–"), *options]


def raw_value(shape: Shape, raw: Any) -> Any:
    """What was typed, as the plan file would have it: a number where one can be read, None where nothing was typed."""
    if shape.kind == "values":
        lines = raw if isinstance(raw, list) else str(raw or "").splitlines()
        return [line.strip() for line in lines if line.strip()]
    if shape.type is bool:
        return bool(raw)
    text = str(raw or "").strip()
    if not text:
        return None
    if get_origin(shape.type) is dict or shape.type is dict:
        return _mapping(text)
    if shape.type in (int, float):
        return _numeric(text)
    return text


def _mapping(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # the schema says that it expected a mapping


def _numeric(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def is_blank(value: Any) -> bool:
    return value in (None, "", [], False)

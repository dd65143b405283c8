"""Forms for the plan's entries, made from the schema: what the file can say, the browser can say, checked the same way.

Django's own validation does nothing here: the values go to the schema as they are, and what it finds wrong comes back
to the field it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count as numbers
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dr_console.plans.fields import Choices, fields_for, is_blank, raw_value
from dr_console.plans.problems import Path, Problem
from dr_console.plans.registry import Section
from dr_console.plans.schema import LANGUAGES, PlanPart
from dr_console.plans.shapes import Shape, shapes

POSITION, REMOVE = "row_position", "row_remove"


@dataclass
class Rows:
    """The forms of one list of parts, with the blank ones at its end."""

    name: str
    label: str
    forms: list[RowForm]

    @property
    def sent(self) -> list[RowForm]:
        """Those that say something, in the order the person gave them."""
        told = [form for form in self.forms if not form.is_removed and not form.is_blank]
        return sorted(told, key=lambda form: form.position)


class PartForm(forms.Form):
    """One mapping of the plan: a form field for each of its values, and `rows` for each of its lists of parts.

    `choices` gives the keys that references may name, by section. `known` is the mapping as it stands, as JSON has it.
    """

    def __init__(
        self,
        part: type[PlanPart],
        choices: Choices,
        *,
        data: Mapping[str, Any] | None = None,
        known: Mapping[str, Any] | None = None,
        prefix: str | None = None,
        more: str = "",
    ) -> None:
        super().__init__(data, prefix=prefix, use_required_attribute=False)
        self.part, self.known = part, dict(known or {})
        self.rows: dict[str, Rows] = {}
        for shape in shapes(part):
            if shape.kind == "parts":
                self.rows[shape.name] = self._rows(shape, choices, extra=more == shape.name)
            else:
                self.fields.update(fields_for(part, shape, choices, self.known.get(shape.name)))

    def _clean_fields(self) -> None:
        """Nothing: the schema judges."""

    def _rows(self, shape: Shape, choices: Choices, *, extra: bool) -> Rows:
        known = self.known.get(shape.name) or []
        prefix = self.add_prefix(shape.name)
        # As many as were sent: each says its place.
        sent = next(index for index in numbers() if f"{prefix}-{index}-{POSITION}" not in self.data)
        count = sent + extra if self.is_bound else len(known) + 1
        assert shape.part
        row_forms = [
            RowForm(
                shape.part,
                choices,
                data=self.data if self.is_bound else None,
                known=known[index] if index < len(known) and not self.is_bound else None,
                prefix=f"{prefix}-{index}",
                number=index + 1,
            )
            for index in range(count)
        ]
        label = _(self.part.model_fields[shape.name].title or shape.name)
        return Rows(shape.name, label, row_forms)

    def document(self) -> dict[str, Any]:
        """What the person sent, as the plan file would say it. Empty fields are left out."""
        said = {shape.name: value for shape, value in self._values() if value is not None}
        return said | {name: [form.document() for form in rows.sent] for name, rows in self.rows.items()}

    def _values(self) -> Iterator[tuple[Shape, Any]]:
        for shape in shapes(self.part):
            if shape.kind == "text":
                texts = {written: self._raw(f"{shape.name}_{name}") for name, written in LANGUAGES.items()}
                yield shape, texts if any(texts.values()) else None
            elif shape.kind != "parts":
                yield shape, raw_value(shape, self._raw(shape.name))

    def _raw(self, name: str) -> Any:
        return self.fields[name].widget.value_from_datadict(self.data, {}, self.add_prefix(name))

    @property
    def groups(self) -> list[list[forms.BoundField]]:
        """The fields as they stand side by side: a text's languages together, everything else alone."""
        texts = {shape.name for shape in shapes(self.part) if shape.kind == "text"}
        grouped = [[self[f"{name}_{language}"] for language in LANGUAGES] for name in texts]
        by_first = {group[0].name: group for group in grouped}
        inside = {field.name for group in grouped for field in group[1:]} | {POSITION, REMOVE}
        return [by_first.get(name, [self[name]]) for name in self.fields if name not in inside]

    @property
    def is_blank(self) -> bool:
        """Whether nothing was filled in that a blank form would not say by itself."""
        return all(is_blank(value) for _shape, value in self._values())

    @property
    def has_problems(self) -> bool:
        row_forms = [form for rows in self.rows.values() for form in rows.forms]
        return self.is_bound and bool(self.errors or any(form.errors for form in row_forms))

    def show(self, problems: Mapping[Path, list[Problem]]) -> None:
        """Put each problem at its field."""
        self.full_clean()
        for rows in self.rows.values():
            for form in rows.forms:
                form.full_clean()
        for path, found in problems.items():
            for problem in found:
                self._show_one(path, problem)

    def _show_one(self, path: Path, problem: Problem) -> None:
        name = str(path[0]) if path else ""
        if name in self.rows and len(path) > 1 and isinstance(path[1], int):
            sent = self.rows[name].sent
            if path[1] < len(sent):
                sent[path[1]]._show_one(path[2:], problem)
                return
        field = self._field_at(path)
        self.add_error(field, capfirst(problem.sentence) if field else str(problem))

    def _field_at(self, path: Path) -> str | None:
        if not path:
            return None
        name, written = str(path[0]), str(path[1]) if len(path) > 1 else "en"
        language = written.replace("-", "_")
        return next((field for field in (name, f"{name}_{language}", f"{name}_en") if field in self.fields), None)


class RowForm(PartForm):
    """A part in a list: it also has its place in the list, and can be removed."""

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.number = number
        self.fields[POSITION] = forms.IntegerField(label=_("Place"), initial=number)
        self.fields[POSITION].widget.attrs.update({"class": "short", "min": 1, "inputmode": "numeric"})
        self.fields[REMOVE] = forms.BooleanField(label=_("Remove"), required=False)

    @property
    def placing(self) -> list[forms.BoundField]:
        """Its place in the list, and whether it stays."""
        return [self[POSITION], self[REMOVE]]

    @property
    def summary(self) -> str:
        """What the row is about, when it is folded: its first text, else its first values."""
        value = self.document() if self.is_bound else self.known
        texts = [value[shape.name] for shape in shapes(self.part) if shape.kind == "text" and value.get(shape.name)]
        if texts:
            first = texts[0]
            return str(first.get(get_language() or "en", "")) if isinstance(first, dict) else str(first)
        return " ".join(str(word) for word in list(value.values())[:2] if isinstance(word, str))

    @property
    def is_open(self) -> bool:
        """Whether the row is shown unfolded: where something is wrong, or somebody has just asked for a blank one."""
        return self.is_bound and (bool(self.errors) or self.is_blank)

    @property
    def position(self) -> int:
        return _number(self._raw(POSITION), self.number)

    @property
    def is_removed(self) -> bool:
        return bool(self._raw(REMOVE))

    @property
    def is_new(self) -> bool:
        return not self.known and (not self.is_bound or self.is_blank)


def entry_form(
    section: Section,
    choices: Choices,
    *,
    data: Mapping[str, Any] | None = None,
    known: Mapping[str, Any] | None = None,
    key: str = "",
) -> PartForm:
    """The form of one entry of a section. A press on “one more” adds a blank row to the list it names.

    With `key`, the entry exists: others know it by its key, so that stays.
    """
    more = str(data.get("more", "")) if data else ""
    form = PartForm(section.entry, choices, data=data, known=known, more=more)
    if key:
        form.fields["key"].widget.attrs["readonly"] = True
    return form


def _number(text: Any, otherwise: int) -> int:
    try:
        return max(int(str(text)), 0)
    except ValueError:
        return otherwise

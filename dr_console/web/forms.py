"""How forms look: every field by one template, every form with a summary of what is wrong. And times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils import timezone


class ConsoleRenderer(TemplatesSetting):
    """`{{ form }}` and `{{ form.name.as_field_group }}` in our look: label, help, error, tied to the field."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class UtcMomentField(forms.DateTimeField):
    """A point in time, asked for in UTC, whatever the person's own zone: say so in its label."""

    def __init__(self, **kwargs: Any) -> None:
        look = {"type": "datetime-local", "step": "1"}
        super().__init__(widget=forms.DateTimeInput(attrs=look, format="%Y-%m-%dT%H:%M:%S"), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(UTC):
            found: datetime | None = super().to_python(value)
        return found

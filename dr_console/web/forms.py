"""How forms look: every field by one template, every form with a summary of what is wrong."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class ConsoleRenderer(TemplatesSetting):
    """`{{ form }}` and `{{ form.name.as_field_group }}` in our look: label, help, error, tied to the field."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"

"""What templates say of the audit log."""

from __future__ import annotations

from django import template

from dr_console.audit import actions

register = template.Library()


@register.filter
def action_label(action: str) -> str:
    """{{ entry.action|action_label }}: the stored word in the reader's language."""
    return actions.label(action)

"""How the rows of a checklist look."""

from __future__ import annotations

from django import template

from incidents.models import ChecklistItem, ItemAction

register = template.Library()

ICONS = {
    ItemAction.ACTIVATE_TEAM: "siren",
    ItemAction.FAIL_OVER: "eye",
    ItemAction.VERIFY_STANDBY: "shield-check",
    ItemAction.PUBLISH_UPDATE: "message-square",
    ItemAction.ANALYSE_CAUSE: "scroll-text",
}


@register.simple_tag
def lead_icon(item: ChecklistItem) -> str:
    """Of what the item leads to; empty where that is nothing to press."""
    return ICONS.get(ItemAction(item.action), "") if item.action else ""

"""What the pages of the plan share: the tabs that lead from one to the next."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from dr_console.plans.pages import pages

register = template.Library()


@register.inclusion_tag("plans/_tabs.html", takes_context=True)
def plan_tabs(context: dict[str, Any]) -> dict[str, Any]:
    path = context["request"].path
    tabs = [(page.label, reverse(page.url_name)) for page in pages()]
    # Below a tab's page lie those of its entries; below the overview lies everything.
    around = max((url for _label, url in tabs[1:] if path.startswith(url)), key=len, default="")
    return {"tabs": [(label, url, {path: "page", around: "true"}.get(url, "")) for label, url in tabs]}

"""Severities, states and the like as shape, word and colour: always all three."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from dr_console.web.icons import icon

SEVERITIES: dict[str, Promise | str] = {"P0": _("Critical"), "P1": _("High"), "P2": _("Medium"), "P3": _("Low")}
# state: (icon, the word when the page gives none). Healthy is quiet: its mark is thin and dark, not a green light.
STATES: dict[str, tuple[str, Promise | str]] = {
    "ok": ("check", _("OK")),
    "running": ("loader", _("Running")),
    "waiting": ("diamond-alert", _("Needs attention")),
    "failed": ("octagon-x", _("Failed")),
    "skipped": ("minus", _("Skipped")),
    "todo": ("circle-dashed", _("Not started")),
    "unknown": ("circle-question-mark", _("Unknown")),
}
TAGS = {"quiet", "accent", "added", "removed", "changed", "warning"}


def severity(code: str, *, word: bool = True) -> SafeString:
    """P0 Critical, on its colour, with its shape. The code stays as it is in every language; empty: not decided yet."""
    if not code:
        return format_html('<span class="sev pending">{}{}</span>', icon("circle-question-mark"), _("Not decided"))
    text = f"{code} {SEVERITIES[code]}" if word else code
    return format_html('<span class="sev {}">{}{}</span>', code.lower(), icon(f"severity-{code.lower()}"), text)


def state(name: str, label: str | Promise | None = None) -> SafeString:
    """One of STATES, with the page's own word for it."""
    shape, word = STATES[name]
    return format_html('<span class="state st-{}">{}{}</span>', name, icon(shape), label or word)


def tag(text: str | Promise, look: str = "quiet") -> SafeString:
    """A word in a frame, such as a role or "retired"."""
    assert look in TAGS, f"{look} is none of {sorted(TAGS)}"
    return format_html('<span class="tag tag-{}">{}</span>', look, text)

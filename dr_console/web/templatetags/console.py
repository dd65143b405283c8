"""What templates of the console say: icons, times, severities, states, gauges."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from dr_console.web import badges, charts, times, words
from dr_console.web import icons as shapes
from dr_console.web.markdown import markdown as rendered

register = template.Library()


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """{% icon "check" %}: decoration; what it means must stand beside it in words."""
    return shapes.icon(name, css)


@register.filter
def moment(when: datetime | None) -> SafeString | str:
    """{{ when|moment }}: 2025-01-10 14:30 UTC (22:30 your time)."""
    return times.moment(when) if when else "–"


@register.filter
def time_of_day(when: datetime | None) -> SafeString | str:
    """{{ when|time_of_day }}: 14:30, for feeds."""
    return times.time_of_day(when) if when else "–"


@register.filter
def to_the_second(when: datetime | None) -> SafeString | str:
    """{{ when|to_the_second }}: 14:30:05 UTC, with the person's own time."""
    return times.to_the_second(when) if when else "–"


@register.filter
def markdown(text: str) -> SafeString:
    """{{ note.text|markdown }}: what a person wrote, with emphasis, lists, code and links; harmless."""
    return rendered(text)


@register.filter
def ago(when: datetime | None) -> SafeString | str:
    """{{ when|ago }}: 3 days ago, or in 3 days."""
    return times.ago(when) if when else "–"


@register.filter
def duration(length: timedelta | float | None) -> str:
    """{{ delta|duration }}: 1 h 5 min. A number counts as seconds."""
    return "–" if length is None else times.duration(length)


@register.filter
def listed(names: Iterable[object]) -> str:
    """{{ names|listed }}: one, two, three, with the language's own comma."""
    return words.listed(names)


@register.filter
def minutes(count: float | None) -> timedelta | None:
    """{{ rto_minutes|minutes|duration }}."""
    return None if count is None else timedelta(minutes=count)


@register.filter
def clock(length: timedelta | float | None) -> str:
    """{{ delta|clock }}: 1:48, 1:02:03."""
    return "–" if length is None else times.clock(length)


@register.simple_tag
def severity(code: str, word: bool = True) -> SafeString:
    """{% severity "P0" %}, or {% severity "P0" word=False %} where room is short."""
    return badges.severity(str(code), word=word)


@register.simple_tag
def state(name: str, label: str | Promise | None = None) -> SafeString:
    """{% state "failed" "Did not answer" %}: ok, running, waiting, failed, skipped, todo or unknown."""
    return badges.state(name, label)


@register.simple_tag
def tag(text: str | Promise, look: str = "quiet") -> SafeString:
    """{% tag "Administrator" %}, {% tag "added" "added" %}: a word in a frame."""
    return badges.tag(text, look)


@register.inclusion_tag("charts/gauge.html")
def gauge(
    label: str | Promise,
    value: float | None,
    target: float,
    unit: str | Promise,
    better: charts.Better = "below",
    note: str | Promise = "",
) -> dict[str, Any]:
    """{% gauge label value target unit better="above" note="…" %}: an objective and what was measured, if anything."""
    drawn = charts.gauge(value, target, better=better)
    words = {True: _("Target met"), False: _("Target missed"), None: _("Not measured yet")}
    states = {True: "ok", False: "failed", None: "unknown"}
    return {
        "label": label,
        "unit": unit,
        "note": note,
        "gauge": drawn,
        "value": "–" if value is None else f"{value:.6g}",
        "target": f"{target:.6g}",
        "state": states[drawn.is_met],
        "word": words[drawn.is_met],
    }

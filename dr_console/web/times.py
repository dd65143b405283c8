"""How points in time and lengths of time are written: always UTC, with the person's own time beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.timezone import get_current_timezone, now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def moment(when: datetime) -> SafeString:
    """2025-01-10 14:30 UTC (22:30 your time)."""
    utc = when.astimezone(UTC)
    shown = f"{utc:%Y-%m-%d %H:%M} UTC"
    local = _local(utc)
    if not local:
        return format_html('<time datetime="{}">{}</time>', _machine(utc), shown)
    beside = _("%(time)s your time") % {"time": local}
    return format_html('<time datetime="{}">{} <span class="local">({})</span></time>', _machine(utc), shown, beside)


def time_of_day(when: datetime) -> SafeString:
    """14:30, with the date and the person's own time on a pointer's hover: for feeds of one day."""
    utc = when.astimezone(UTC)
    local = _local(utc)
    title = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if local:
        title += f" ({_('%(time)s your time') % {'time': local}})"
    return format_html('<time datetime="{}" title="{}">{}</time>', _machine(utc), title, f"{utc:%H:%M}")


def to_the_second(when: datetime) -> SafeString:
    """14:30:05 UTC, and below it 22:30:05 your time: for stories, whose days are told beside."""
    utc = when.astimezone(UTC)
    shown = f"{utc:%H:%M:%S} UTC"
    local = utc.astimezone(get_current_timezone())
    if local.utcoffset() == timedelta(0):
        return format_html('<time datetime="{}">{}</time>', _machine(utc), shown)
    theirs = f"{local:%H:%M:%S}" if local.date() == utc.date() else f"{local:%Y-%m-%d %H:%M:%S}"
    beside = _("%(time)s your time") % {"time": theirs}
    return format_html('<time datetime="{}">{} <span class="local">{}</span></time>', _machine(utc), shown, beside)


def ago(when: datetime) -> SafeString:
    """34 days ago, or in 3 hours: roughly, with the moment itself on a pointer's hover."""
    utc, at = when.astimezone(UTC), now()
    length = _roughly(abs(at - utc))
    text = (_("%(time)s ago") if utc <= at else _("in %(time)s")) % {"time": length}
    return format_html('<time datetime="{}" title="{}">{}</time>', _machine(utc), f"{utc:%Y-%m-%d %H:%M} UTC", text)


def _roughly(length: timedelta) -> str:
    if length.days >= 2:  # Django would say "1 month" of 34 days
        return ngettext("%(days)s day", "%(days)s days", length.days) % {"days": length.days}
    at = now()
    return timesince(at - length, at, depth=1)


def duration(length: timedelta | float) -> str:
    """15 min, 1 h 5 min, 45 s: the two largest units, rounded down. A number counts as seconds."""
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    if seconds < 0:
        return "−" + duration(-seconds)
    units = {"d": _("d"), "h": _("h"), "min": _("min"), "s": _("s")}
    for index, (size, _name) in enumerate(UNITS):
        if seconds >= size or size == 1:
            pairs = UNITS[index : index + 2]
            break
    parts: list[str] = []
    for size, name in pairs:
        count, seconds = divmod(seconds, size)
        if count or not parts and size == pairs[-1][0]:
            parts.append(f"{count} {units[name]}")
    return " ".join(parts)


def clock(length: timedelta | float) -> str:
    """0:12, 1:48, 1:02:03: a running or measured time, to the second."""
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    sign, seconds = ("−", -seconds) if seconds < 0 else ("", seconds)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{seconds:02}" if hours else f"{sign}{minutes}:{seconds:02}"


def _machine(utc: datetime) -> str:
    return f"{utc:%Y-%m-%dT%H:%M:%SZ}"


def _local(utc: datetime) -> str:
    """The person's own time, with its date where that is another one; empty where they live by UTC."""
    local = utc.astimezone(get_current_timezone())
    if local.utcoffset() == timedelta(0):
        return ""
    return f"{local:%H:%M}" if local.date() == utc.date() else f"{local:%Y-%m-%d %H:%M}"

"""The audit log as a table, and what it can be filtered by."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dr_console.audit import actions
from dr_console.audit.difference import Change, changes
from dr_console.audit.models import AuditEntry
from dr_console.web.filters import ConsoleFilterSet, DayInput
from dr_console.web.tables import Column, ConsoleTable, MomentColumn

CONSOLE = "console"
MOST_CHANGES = 50
EMPTY = "–"


def people_choices() -> list[tuple[str, Any]]:
    people = User.objects.order_by("username").values_list("pk", "username")
    return [(CONSOLE, _("The console itself")), *((str(pk), username) for pk, username in people)]


class AuditFilters(ConsoleFilterSet):
    person = django_filters.ChoiceFilter(
        label=gettext_lazy("Who"), empty_label=gettext_lazy("Anybody"), choices=people_choices, method="by_person"
    )
    action = django_filters.ChoiceFilter(label=gettext_lazy("Action"), choices=actions.choices)
    since = django_filters.DateFilter(label=gettext_lazy("Since"), method="from_day", widget=DayInput())
    until = django_filters.DateFilter(label=gettext_lazy("Until"), method="to_day", widget=DayInput())
    target = django_filters.CharFilter(
        label=gettext_lazy("About"),
        method="about",
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    class Meta:
        model = AuditEntry
        fields: tuple[str, ...] = ()

    def by_person(self, queryset: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        return queryset.filter(actor=None) if value == CONSOLE else queryset.filter(actor=int(value))

    def from_day(self, queryset: QuerySet[AuditEntry], name: str, value: date) -> QuerySet[AuditEntry]:
        return queryset.filter(at__gte=midnight(value))

    def to_day(self, queryset: QuerySet[AuditEntry], name: str, value: date) -> QuerySet[AuditEntry]:
        return queryset.filter(at__lt=midnight(value + timedelta(days=1)))

    def about(self, queryset: QuerySet[AuditEntry], name: str, value: str) -> QuerySet[AuditEntry]:
        """The whole target where the log has it: that stays quick with a million lines. Else, any part of one."""
        exact = queryset.filter(target=value)
        return exact if exact.exists() else queryset.filter(target__icontains=value)


def midnight(day: date) -> datetime:
    """The beginning of the person's day."""
    return datetime.combine(day, time.min, tzinfo=get_current_timezone())


class AuditTable(ConsoleTable):
    caption = gettext_lazy("Audit log")

    at = MomentColumn(verbose_name=gettext_lazy("When"))
    actor_name = Column(verbose_name=gettext_lazy("Who"), orderable=False, empty_values=())
    action = Column(verbose_name=gettext_lazy("Action"), orderable=False)
    target = Column(verbose_name=gettext_lazy("About"), orderable=False)
    change = Column(verbose_name=gettext_lazy("Change"), orderable=False, empty_values=())
    origin = Column(verbose_name=gettext_lazy("Where from"), orderable=False)

    class Meta:
        order_by = ("-at",)

    def render_actor_name(self, value: str) -> str:
        return value or _("Console")

    def render_action(self, value: str) -> str:
        return actions.label(value)

    def render_target(self, value: str) -> SafeString:
        # Relative: the same list, about this only. Its other filters go.
        return format_html('<a href="?{}">{}</a>', urlencode({"target": value}), value)

    def render_change(self, record: AuditEntry) -> SafeString:
        return difference(changes(record.before, record.after))


def difference(found: list[Change]) -> SafeString:
    """What changed, behind a line that says how much. A template for each row would cost a third of the page."""
    if not found:
        return SafeString("")
    facts = format_html_join(
        "", "<dt><code>{}</code></dt><dd>{}</dd>", ((change.field, _sides(change)) for change in found[:MOST_CHANGES])
    )
    more = max(0, len(found) - MOST_CHANGES)
    rest = format_html("<p>{}</p>", _("And %(count)d more: export the log.") % {"count": more}) if more else ""
    return format_html(
        '<details><summary>{}</summary><dl class="facts">{}</dl>{}</details>',
        ngettext("%(count)d field", "%(count)d fields", len(found)) % {"count": len(found)},
        facts,
        rest,
    )


def _sides(change: Change) -> SafeString | str:
    before, after = change.before or EMPTY, change.after or EMPTY
    if change.before is None:
        return after
    if change.after is None:
        return format_html("<del>{}</del>", before)
    return format_html("<del>{}</del> → {}", before, after)

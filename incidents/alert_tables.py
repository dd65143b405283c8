"""Alerts, their sources and silences as tables, and what the list of alerts can be narrowed to."""

from __future__ import annotations

import django_filters as filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.web import badges, times
from dr_console.web.filters import ConsoleFilterSet, SearchFilter, SinceFilter, YesNoFilter
from dr_console.web.tables import ConsoleTable, MomentColumn, NumberColumn
from dr_console.web.words import listed
from incidents.models import Alert, AlertSource, Incident, Severity, Silence


def alert_state(alert: Alert) -> SafeString:
    if alert.ended_at is not None:
        return badges.state(
            "ok", _("Cleared by %(who)s") % {"who": alert.cleared_by} if alert.cleared_by else _("Over")
        )
    if alert.held_until is not None:
        return badges.state("skipped", _("Fires, held back"))
    return badges.state("failed", _("Fires"))


def source_state(source: AlertSource) -> SafeString:
    if source.removed_at is not None:
        return badges.state("skipped", _("Removed"))
    if source.paused_at is not None:
        return badges.state("skipped", _("Paused"))
    if not source.has_secret:
        return badges.state("waiting", _("Needs its secret"))
    if source.missed_at is not None:
        return badges.state("failed", _("Does not call"))
    return badges.state("ok", _("Heard")) if source.heard_at else badges.state("todo", _("Never heard yet"))


def severity_badge(code: str) -> SafeString:
    return badges.severity(code) if code else badges.tag(_("severity not said"))


class AlertFilter(ConsoleFilterSet):
    q = SearchFilter("title", "fingerprint")
    firing = YesNoFilter(label=gettext_lazy("Fires"), method="only_firing")
    severity = filters.ChoiceFilter(label=gettext_lazy("Severity"), choices=Severity.choices)
    source = filters.ModelChoiceFilter(label=gettext_lazy("Source"), queryset=AlertSource.objects.all())
    incident = filters.CharFilter(label=gettext_lazy("Incident"), field_name="incident__reference", max_length=60)
    since = SinceFilter("started_at")

    class Meta:
        model = Alert
        fields = ["q", "firing", "severity", "service", "source"]

    def only_firing(self, queryset: QuerySet[Alert], name: str, value: bool) -> QuerySet[Alert]:
        return queryset.filter(ended_at__isnull=value)


class AlertTable(ConsoleTable):
    caption = gettext_lazy("Alerts")
    live = "alerts"
    title = tables.Column(linkify=True, orderable=False)
    state = tables.Column(verbose_name=gettext_lazy("State"), empty_values=(), orderable=False)
    severity = tables.Column(empty_values=(), orderable=False)
    service = tables.Column(orderable=False)
    source = tables.Column(linkify=True, orderable=False)
    incident = tables.Column(orderable=False)
    started_at = MomentColumn()
    times = NumberColumn(verbose_name=gettext_lazy("Times told"), orderable=False)

    class Meta:
        model = Alert
        fields = ("title", "state", "severity", "service", "source", "incident", "times", "started_at")
        order_by = "-started_at"

    def render_title(self, record: Alert) -> str:
        return record.words

    def render_state(self, record: Alert) -> SafeString:
        return alert_state(record)

    def render_severity(self, record: Alert) -> SafeString:
        return severity_badge(record.severity)

    def render_incident(self, value: Incident) -> SafeString:
        return format_html('<a href="{}">{}</a>', value.get_absolute_url(), value.reference)


class SourceTable(ConsoleTable):
    caption = gettext_lazy("Sources of alerts")
    live = "alerts"
    name = tables.Column(linkify=True)
    state = tables.Column(verbose_name=gettext_lazy("State"), empty_values=(), orderable=False)
    kind = tables.Column(orderable=False)
    opens = tables.Column(orderable=False)
    heard_at = MomentColumn(orderable=False)

    class Meta:
        model = AlertSource
        fields = ("name", "state", "kind", "opens", "heard_at")
        order_by = ("name",)

    def render_state(self, record: AlertSource) -> SafeString:
        return source_state(record)

    def render_kind(self, record: AlertSource) -> str:
        kind = str(record.get_kind_display())
        return listed([kind, _("practice")]) if record.is_practice else kind


class SilenceTable(ConsoleTable):
    caption = gettext_lazy("Silences")
    live = "alerts"
    reason = tables.Column(orderable=False)
    state = tables.Column(verbose_name=gettext_lazy("State"), empty_values=(), orderable=False)
    matchers = tables.Column(verbose_name=gettext_lazy("Which alerts"), empty_values=(), orderable=False)
    starts_at = MomentColumn(orderable=False)
    ends_at = MomentColumn()
    by = tables.Column(verbose_name=gettext_lazy("Made by"), orderable=False)

    class Meta:
        model = Silence
        fields = ("reason", "state", "matchers", "starts_at", "ends_at", "by")
        order_by = "-ends_at"

    def render_state(self, record: Silence) -> SafeString:
        return silence_state(record, left=False)

    def render_matchers(self, record: Silence) -> str:
        source = [record.source.name] if record.source else []
        return listed([*source, *record.conditions.splitlines()]) or _("all")


def silence_state(silence: Silence, *, left: bool = True) -> SafeString:
    """`left`: say also for how long yet."""
    at = now()
    if silence.ends_at <= at:
        return badges.state("skipped", _("Over"))
    if silence.starts_at > at:
        return badges.state("todo", _("Not begun"))
    if not left:
        return badges.state("waiting", _("In force"))
    words = _("In force, %(time)s left") % {"time": times.duration(silence.ends_at - at)}
    return badges.state("waiting", words)

"""The plan's thresholds with what is measured of them now, and the times when they were crossed, as tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import django_tables2 as tables
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.plans.tables import EntryTable
from dr_console.web import badges
from dr_console.web.charts import sparkline
from dr_console.web.sentences import spoken
from dr_console.web.tables import ConsoleTable, MomentColumn
from dr_console.web.times import ago, duration
from incidents.models import Breach, Source, Threshold, ThresholdState
from incidents.queries.metrics import rule_of
from incidents.services.breach_words import amount
from incidents.thresholds import Gap

State = ThresholdState.State
#: Judged longer ago, a state says nothing of the present.
JUDGED_WITHIN = timedelta(seconds=60)
GAPS = {
    Gap.NOTHING: gettext_lazy("Nothing was measured lately."),
    Gap.TOO_FEW: gettext_lazy("Too few measurements yet."),
    Gap.STOPPED: gettext_lazy("The last measurement is more than two minutes old."),
    Gap.NO_SOURCE: gettext_lazy("Nobody measures it: push it, or set a query for Prometheus."),
}
LOOKS = {State.WELL: "ok", State.BREACHED: "failed", State.UNKNOWN: "unknown"}


class ThresholdTable(EntryTable):
    """Takes `hours`: what each was in the last hour, by primary key; and `services`: the services' names by key."""

    caption = gettext_lazy("Thresholds")
    section = "thresholds"
    live = "breaches"
    state = tables.Column(verbose_name=gettext_lazy("State"), empty_values=(), orderable=False)
    present = tables.Column(verbose_name=gettext_lazy("Now"), empty_values=(), orderable=False)
    value = tables.Column(verbose_name=gettext_lazy("Alert when"))
    hour = tables.Column(verbose_name=gettext_lazy("Last hour"), empty_values=(), orderable=False)
    last_breach_at = tables.Column(verbose_name=gettext_lazy("Last breach"), empty_values=(), orderable=False)

    class Meta(EntryTable.Meta):
        model = Threshold
        fields = ("name", "state", "present", "hour", "value", "alert_channel", "last_breach_at")

    def __init__(
        self,
        *args: Any,
        hours: dict[int, list[float | None]] | None = None,
        services: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.hours, self.services = hours or {}, services or {}
        super().__init__(*args, **kwargs)

    def render_hour(self, record: Threshold) -> SafeString:
        values = self.hours.get(record.pk, [])
        known = [value for value in values if value is not None]
        if not known:
            return small(_("Nothing was measured."))
        rule = rule_of(record)
        chart = sparkline(values, [value is not None and rule.is_broken_by(value) for value in values])
        low, high = (spoken(amount(value, record.unit)) for value in (min(known), max(known)))
        said = low if low == high else _("from %(low)s to %(high)s") % {"low": low, "high": high}
        drawn = render_to_string("charts/sparkline.html", {"chart": chart, "label": said})
        return format_html("<div>{}{}</div>", mark_safe(drawn), small(said))

    def render_state(self, record: Threshold) -> SafeString:
        state = current_state(record)
        if state is None:
            return badges.state("unknown")
        shown = badges.state(LOOKS[State(state.state)], state.get_state_display())
        if state.since is None:
            return shown
        lasts = _("for %(time)s") % {"time": duration(now() - state.since)}
        return format_html("<div>{}<br>{}</div>", shown, small(lasts))

    def render_present(self, record: Threshold) -> SafeString | str:
        state = current_state(record)
        if state is None:
            return small(_not_judged(record))
        if state.value is None:
            return small(str(GAPS[Gap(state.gap)]) if state.gap else "")
        value = spoken(amount(state.value, record.unit))
        return format_html("<div><b>{}</b><br>{}</div>", value, small(self._basis(state)))

    def render_value(self, record: Threshold) -> SafeString:
        limit = f"{record.get_comparison_display()} {spoken(amount(record.value, record.unit))}"
        over = _("over %(time)s") % {"time": duration(record.window_seconds)} if record.window_seconds else ""
        return format_html("<div>{}<br>{}</div>", limit, small(over)) if over else format_html("{}", limit)

    def render_last_breach_at(self, record: Threshold) -> SafeString | str:
        at: datetime | None = getattr(record, "last_breach_at", None)
        return ago(at) if at else _("none yet")

    def _basis(self, state: ThresholdState) -> str:
        """Over 5 min · Health checks (720) · worst: API 91.67 %."""
        source = Source(state.source).label if state.source else ""
        parts = [_("over %(time)s") % {"time": duration(state.window_seconds)}, f"{source} ({state.samples})"]
        if state.state == State.BREACHED and state.worst_part and state.worst_value is not None:
            worst = spoken(amount(state.worst_value, state.threshold.unit))
            part = self.services.get(state.worst_part, state.worst_part)
            parts.append(_("worst: %(part)s %(value)s") % {"part": part, "value": worst})
        return " · ".join(parts)


class BreachTable(ConsoleTable):
    caption = gettext_lazy("Breaches")
    live = "breaches"
    default_order = "-opened_at"
    threshold = tables.Column(orderable=False)
    opened_at = MomentColumn()
    cleared_at = tables.Column(verbose_name=gettext_lazy("State"), empty_values=(), orderable=False)
    worst = tables.Column(orderable=False)
    limit = tables.Column(orderable=False)
    source = tables.Column(orderable=False)
    incident = tables.Column(orderable=False, empty_values=())

    class Meta:
        model = Breach
        fields = ("threshold", "opened_at", "cleared_at", "worst", "limit", "source", "incident")
        order_by = ("-opened_at",)

    def render_threshold(self, record: Breach) -> str:
        return record.threshold.name

    def render_cleared_at(self, record: Breach) -> SafeString:
        lasted = _("lasted %(time)s") if record.cleared_at else _("for %(time)s")
        look, word = ("ok", _("Ended")) if record.cleared_at else ("failed", _("Breached"))
        return format_html(
            "<div>{}<br>{}</div>", badges.state(look, word), small(lasted % {"time": duration(record.duration)})
        )

    def render_worst(self, record: Breach) -> str:
        return spoken(amount(record.worst, record.unit))

    def render_limit(self, record: Breach) -> str:
        return f"{record.get_comparison_display()} {spoken(amount(record.limit, record.unit))}"

    def render_incident(self, record: Breach) -> SafeString | str:
        if record.incident is None:
            return "–"
        return format_html('<a href="{}">{}</a>', record.incident.get_absolute_url(), record.incident.reference)


def current_state(threshold: Threshold) -> ThresholdState | None:
    """How the threshold stands, unless nobody has judged it lately."""
    state: ThresholdState | None = getattr(threshold, "state", None)
    if state is None or state.at is None or abs(now() - state.at) > JUDGED_WITHIN:
        return None
    return state


def small(*lines: str) -> SafeString:
    return format_html_join("", '<small class="muted">{}</small>', ((line,) for line in lines if line))


def _not_judged(threshold: Threshold) -> str:
    state: ThresholdState | None = getattr(threshold, "state", None)
    if state is None or state.at is None:
        return _("Not judged yet: the process that watches has to run.")
    return _("Not judged for %(time)s: the process that watches does not run.") % {"time": duration(now() - state.at)}

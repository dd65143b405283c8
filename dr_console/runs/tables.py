"""Runs, and what happened in one of them, as tables."""

from __future__ import annotations

import django_filters as filters
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dr_console.runs.models import Run, StepEvent
from dr_console.runs.templatetags.runs import RUN_LOOKS, event_words, kind_words, second
from dr_console.web import badges
from dr_console.web.filters import ConsoleFilterSet, SinceFilter, YesNoFilter
from dr_console.web.tables import Column, ConsoleTable, DurationColumn, MomentColumn, StateColumn


class RunTable(ConsoleTable):
    caption = gettext_lazy("Runs")
    live = "runs"
    code = Column(verbose_name=gettext_lazy("Run"), orderable=False)
    kind = Column(verbose_name=gettext_lazy("Kind"), orderable=False)
    state = StateColumn(states={state.value: look for state, look in RUN_LOOKS.items()}, orderable=False)
    subject = Column(verbose_name=gettext_lazy("Works on"), orderable=False)
    trigger = Column(verbose_name=gettext_lazy("Started by"), orderable=False)
    created_at = MomentColumn(verbose_name=gettext_lazy("Started"))
    duration = DurationColumn(verbose_name=gettext_lazy("Took"), orderable=False)

    class Meta:
        model = Run
        fields = ("code", "kind", "state", "subject", "trigger", "created_at", "duration")
        order_by = "-created_at"

    def render_code(self, record: Run) -> SafeString:
        mark = badges.tag(_("DRILL"), "changed") if record.is_practice else ""
        if record.mode == "sandbox":
            mark = format_html("{} {}", mark, badges.tag(_("SANDBOX"), "warning"))
        address, title = record.get_absolute_url(), record.title or record.code
        return format_html('<a href="{}">{}</a> <code>{}</code> {}', address, title, record.code, mark)

    def render_subject(self, value: str) -> SafeString:
        return format_html("<code>{}</code>", value)

    def render_trigger(self, value: str, record: Run) -> str:
        return f"{value} ({record.by})" if record.by else value


class RunFilter(ConsoleFilterSet):
    kind = filters.ChoiceFilter(label=gettext_lazy("Kind"), choices=Run.Kind.choices)
    state = filters.ChoiceFilter(label=gettext_lazy("State"), choices=Run.State.choices)
    is_practice = YesNoFilter(label=gettext_lazy("Drill"))
    since = SinceFilter("created_at")

    class Meta:
        model = Run
        fields = ["kind", "state", "is_practice"]


class EventTable(ConsoleTable):
    caption = gettext_lazy("Events")
    live = "run"
    seq = Column(verbose_name=gettext_lazy("No."))
    at = Column(verbose_name=gettext_lazy("At (UTC)"), orderable=False)
    step = Column(verbose_name=gettext_lazy("Step"), orderable=False)
    kind = Column(verbose_name=gettext_lazy("What"), orderable=False)
    said = Column(verbose_name=gettext_lazy("In words"), orderable=False, empty_values=())

    class Meta:
        model = StepEvent
        fields = ("seq", "at", "step", "kind", "said")
        order_by = "seq"

    def render_at(self, record: StepEvent) -> SafeString | str:
        return format_html("{}<small>.{}</small>", second(record.at), f"{record.at.microsecond // 1000:03}")

    def render_step(self, value: str) -> SafeString:
        return format_html("<code>{}</code>", value)

    def render_kind(self, value: str) -> SafeString:
        return format_html('{}<br><small class="muted"><code>{}</code></small>', kind_words(value), value)

    def render_said(self, record: StepEvent) -> SafeString:
        who = format_html('<small class="muted">{}</small>', record.by) if record.by else ""
        words = event_words(record) if record.kind == "command" else record.words
        reason = record.data.get("reason", "")
        return format_html("{} {} {} {}", words, reason, who, _call(record))


def _call(event: StepEvent) -> SafeString | str:
    """What was asked of a vendor and what it answered, where the event is a call."""
    data = event.data
    if event.kind != "call" or "vendor" not in data:
        return ""
    answer = data.get("status") or data.get("problem") or ""
    took = f"{float(data.get('seconds') or 0) * 1000:.0f} ms"
    asked = " ".join(str(data.get(name, "")) for name in ("vendor", "method", "url"))
    return format_html('<code class="break">{} → {}</code> <small class="muted">{}</small>', asked, answer, took)

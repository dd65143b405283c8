"""The list of decisions: what was concluded or done, when, and why."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from dr_console.runs.models import Run
from dr_console.web.tables import ConsoleTable, MomentColumn, StateColumn
from incidents.models import Decision, Incident

STATES = {
    Decision.Outcome.NOTHING: "ok",
    Decision.Outcome.WATCHING: "waiting",
    Decision.Outcome.DECLARED: "failed",
    Decision.Outcome.STARTED: "running",
    Decision.Outcome.BLOCKED: "waiting",
    Decision.Outcome.RELEASED: "running",
    Decision.Outcome.RECOVERED: "ok",
}


class DecisionTable(ConsoleTable):
    caption = gettext_lazy("Decisions")
    live = "decisions"
    at = MomentColumn(verbose_name=gettext_lazy("When"))
    outcome = StateColumn(states={key.value: value for key, value in STATES.items()}, orderable=False)
    said = tables.Column(verbose_name=gettext_lazy("What and why"), orderable=False)
    incident = tables.Column(verbose_name=gettext_lazy("Incident"), orderable=False)
    run = tables.Column(verbose_name=gettext_lazy("Run"), orderable=False)

    class Meta:
        model = Decision
        fields = ("at", "outcome", "said", "incident", "run")
        order_by = "-at"

    def render_said(self, record: Decision) -> SafeString:
        reasons = format_html_join("", "<li>{}</li>", ((reason,) for reason in record.reasons))
        if not reasons:
            return format_html("{}", record.words)
        return format_html('<details><summary>{}</summary><ul class="reasons">{}</ul></details>', record.words, reasons)

    def render_incident(self, value: Incident) -> SafeString:
        return format_html('<a href="{}">{}</a>', value.get_absolute_url(), value.reference)

    def render_run(self, value: Run) -> SafeString:
        return format_html('<a href="{}"><code>{}</code></a>', value.get_absolute_url(), value.code)

"""Notice, respond, switch over, tell people, learn."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

DECIDING = {
    "timeline.exported": _("Timeline exported"),
    "incident.declared": _("Incident declared"),
    "incident.mitigated": _("Incident mitigated"),
    "incident.resolved": _("Incident resolved"),
    "incident.open": _("Incident opened again"),
    "incident.closed": _("Incident closed"),
    "incident.acknowledged": _("Incident acknowledged"),
    "command.taken": _("Command taken"),
    "command.handed_over": _("Command handed over"),
    "command.role": _("Role in an incident given"),
    "incident.severity": _("Severity of an incident decided"),
    "escalation.accepted": _("Slow escalation ladder accepted"),
    "incident.merged": _("Incident merged into another"),
    "incident.unmerged": _("Merge of incidents taken back"),
    "failover.released": _("Failover released"),
    "failover.looked_at": _("Failover looked at"),
    "maintenance.begun": _("Maintenance begun"),
    "maintenance.ended": _("Maintenance ended"),
}

ALERTS = {
    "alert_source.made": _("Source of alerts added"),
    "alert_source.changed": _("Source of alerts changed"),
    "alert_source.secret": _("Source of alerts given another secret"),
    "alert_source.old_secret_ended": _("Old secret of a source of alerts ended"),
    "alert_source.paused": _("Source of alerts paused"),
    "alert_source.resumed": _("Source of alerts listened to again"),
    "alert_source.removed": _("Source of alerts removed"),
    "alert_rule.added": _("Rule for alerts added"),
    "alert_rule.changed": _("Rule for alerts changed"),
    "alert_rule.moved": _("Rule for alerts moved"),
    "alert_rule.removed": _("Rule for alerts removed"),
    "silence.begun": _("Silence begun"),
    "silence.ended": _("Silence ended"),
    "alert.cleared": _("Alert cleared"),
}
ON_CALL = {
    "oncall.override": _("Somebody put on call"),
    "oncall.override_ended": _("Override of on-call ended"),
    "oncall.swap_offered": _("Swap of shifts offered"),
    "oncall.swap_accepted": _("Swap of shifts accepted"),
    "oncall.swap_declined": _("Swap of shifts declined"),
    "oncall.swap_withdrawn": _("Swap of shifts withdrawn"),
    "oncall.absence": _("Absence entered"),
    "oncall.absence_ended": _("Absence ended"),
    "oncall_feed.made": _("Calendar address of on-call made"),
    "oncall_feed.revoked": _("Calendar address of on-call revoked"),
}
UPDATES = {
    "update.published": _("Status update published"),
    "update.withdrawn": _("Status update withdrawn"),
    "status_page.pushed": _("Public status page pushed again"),
    "maintenance.announced": _("Maintenance announced to customers"),
    "maintenance.called_off": _("Announced maintenance called off"),
}


CONTACTS = {
    "channel_test.sent": _("Test message sent"),
    "channel_test.told": _("Answer to a test written down"),
}


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("incidents")

    def ready(self) -> None:
        from dr_console.audit import actions
        from dr_console.live import topics
        from dr_console.operations import deadman, loudness, metrics
        from dr_console.plans import pages, registry
        from incidents import plan
        from incidents.models import Breach, Incident
        from incidents.pages import PAGES

        metrics.gauge("open_incidents", "Real incidents that are not resolved.", Incident.objects.real().open().count)
        metrics.gauge("open_breaches", "Thresholds of the plan that are crossed now.", Breach.objects.open().count)
        deadman.register("incidents.queries.overdue.overdue_ladders")
        loudness.register(
            everywhere="incidents.queries.alarms.ladders_that_ran_out", at_home="incidents.queries.alarms.at_home"
        )
        for section in plan.SECTIONS:
            registry.register(section)
        pages.add_pages(*PAGES)
        actions.register(DECIDING)
        actions.register(UPDATES)
        actions.register(ON_CALL)
        actions.register({"degradation.set": _("Degradation level changed")})
        topics.allow("incident-", lambda person, _topic: person.has_perm("incidents.view_incident"), is_attended=True)
        self._add_work()
        self._add_pages()
        self._add_alerts()
        self._add_contacts()
        self._add_on_call()

    def _add_work(self) -> None:
        from dr_console.notifications import purposes
        from dr_console.runs import registry as runs
        from incidents.services import asks, checklist_actions, escalation, status_push, update_dues

        runs.register_from("incidents.steps.FUNCTIONS")
        runs.hand_over("run.changed", "incidents.services.failover_news.on_run_changed")
        runs.hand_over("step.ended", "incidents.services.failover_news.on_step_ended")
        runs.hand_over("step.drifted", "incidents.services.failover_news.on_step_drifted")
        purposes.register("escalation", "incidents.services.escalation_messages")
        # First: nothing else that is due is as urgent.
        for chore in (
            escalation.tick,
            checklist_actions.keep_up,
            asks.follow_up,
            update_dues.remind,
            status_push.watch,
        ):
            runs.sweep_also(chore)

    def _add_pages(self) -> None:
        from dr_console.web import navigation
        from incidents.search import acts_in_view, find_incidents

        incidents = "incidents:list"
        for label, url_name, icon, permission, within in (
            (_("Health checks"), "incidents:health", "heart-pulse", "plans.view_plan", incidents),
            (_("Decisions"), "incidents:decisions", "list-checks", "incidents.view_incident", incidents),
            (_("Figures of incidents"), "incidents:figures", "gauge", "incidents.view_incident", incidents),
            (_("Public status page"), "incidents:status-page", "eye", "incidents.view_incident", incidents),
            (_("Breaches"), "incidents:breaches", "octagon-x", "incidents.view_incident", "plans:overview"),
        ):
            navigation.add_page(navigation.Destination(label, url_name, icon, permission, within=within))
        declare = navigation.Destination(
            _("Declare an incident"),
            "incidents:declare",
            "siren",
            "incidents.declare_incident",
            alone="d",
            within=incidents,
        )
        navigation.add_page(declare)
        navigation.add_search(find_incidents)
        navigation.add_acts(acts_in_view)

    def _add_alerts(self) -> None:
        from dr_console.audit import actions
        from dr_console.runs import registry as runs
        from dr_console.web import navigation
        from incidents.services import alert_chores

        actions.register(ALERTS)
        runs.sweep_also(alert_chores.look)
        for label, url_name, icon in (
            (_("Alerts"), "incidents:alerts", "siren"),
            (_("Sources of alerts"), "incidents:alert-sources", "key-round"),
            (_("Rules for alerts"), "incidents:alert-rules", "route"),
            (_("Silences"), "incidents:silences", "ban"),
        ):
            navigation.add_page(
                navigation.Destination(label, url_name, icon, "incidents.view_incident", within="incidents:list")
            )

    def _add_contacts(self) -> None:
        from dr_console.audit import actions
        from dr_console.notifications import purposes
        from dr_console.web import navigation

        actions.register(CONTACTS)
        purposes.register("test", "incidents.services.channel_tests")
        navigation.add_page(
            navigation.Destination(
                _("Address book: import and export"),
                "incidents:address-book",
                "book-open",
                "plans.view_plan",
                within="plans:overview",
            )
        )

    def _add_on_call(self) -> None:
        from dr_console.web import navigation
        from incidents.oncall_search import acts_on_call

        for label, url_name, icon, permission in (
            (_("On call: who is paged first"), "incidents:oncall", "users", "plans.view_plan"),
            (_("My shifts"), "incidents:my-shifts", "user", "plans.view_plan"),
            (_("Note an absence"), "incidents:absence-add", "calendar-days", "incidents.cover_on_call"),
            (_("Shifts in a calendar"), "incidents:oncall-feed-add", "calendar-days", "incidents.cover_on_call"),
        ):
            page = navigation.Destination(label, url_name, icon, permission, within="plans:overview")
            navigation.add_page(page)
        navigation.add_acts(acts_on_call)

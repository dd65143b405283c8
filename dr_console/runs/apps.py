"""Carrying out a list of steps, and surviving being killed, as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RunsConfig(AppConfig):
    name = "dr_console.runs"
    verbose_name = _("Runs")

    def ready(self) -> None:
        from dr_console.audit import actions
        from dr_console.live import topics
        from dr_console.runs import tasks  # noqa: F401 (who rings without a worker has to know them)
        from dr_console.runs.search import find_runs
        from dr_console.web import navigation

        topics.allow("run-", lambda person, _topic: person.has_perm("runs.view_run"))
        navigation.add_page(
            navigation.Destination(_("Runs"), "runs:list", "route", "runs.view_run", within="incidents:list")
        )
        navigation.add_search(find_runs)
        actions.register(
            {
                "run.started": _("Run started"),
                "run.commanded": _("Run: command given"),
                "run.approved": _("Step approved"),
                "run.declined": _("Step declined"),
                "interlock.set": _("Kill switch set"),
                "interlock.released": _("Kill switch released"),
            }
        )

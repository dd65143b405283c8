"""The plan as data."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlansConfig(AppConfig):
    name = "dr_console.plans"
    label = "plans"
    verbose_name = _("plan")

    def ready(self) -> None:
        from dr_console.audit import actions
        from dr_console.operations import metrics
        from dr_console.plans import queries
        from dr_console.web import navigation

        versions = navigation.Destination(_("Versions of the plan"), "plans:versions", "book-open", "plans.view_plan")
        navigation.add_page(versions)
        navigation.add_search(queries.find_entries)
        metrics.gauge("plan_version", "Number of the plan version in force.", queries.current_number)
        actions.register({"plan.loaded": _("Plan loaded"), "plan.changed": _("Plan changed")})

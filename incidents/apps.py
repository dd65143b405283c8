"""Notice, respond, switch over, tell people, learn."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("incidents")

    def ready(self) -> None:
        from dr_console.operations import metrics
        from dr_console.plans import pages, registry
        from incidents import plan
        from incidents.models import Incident
        from incidents.pages import PAGES

        metrics.gauge("open_incidents", "Real incidents that are not resolved.", Incident.objects.real().open().count)
        for section in plan.SECTIONS:
            registry.register(section)
        pages.add_pages(*PAGES)

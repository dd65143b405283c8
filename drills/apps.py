"""Rehearse, and keep the evidence."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DrillsConfig(AppConfig):
    name = "drills"
    verbose_name = _("drills")

    def ready(self) -> None:
        from dr_console.plans import pages, registry
        from drills import plan

        for section in plan.SECTIONS:
            registry.register(section)
        pages.add_pages(pages.PlanPage(_("Drills"), "drills:calendar", ("drill_calendar",)))

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

        actions.register({"plan.loaded": _("Plan loaded"), "plan.changed": _("Plan changed")})

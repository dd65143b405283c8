"""The console's own health as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "dr_console.operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from dr_console.audit import actions
        from dr_console.live import hub
        from dr_console.operations import engine, metrics

        metrics.gauge("live_viewers", "Open pages that follow the live stream of this process.", hub.viewers)
        metrics.gauge(
            "engine_tick_age_seconds", "How long ago all escalations were last looked at.", engine.age_in_seconds
        )
        actions.register(
            {
                "providers.check_asked": _("Check of all vendors asked for"),
                "engine.stand_in": _("Web process began to page in the engine’s stead"),
                "engine.back": _("Engine of escalations is back"),
            }
        )

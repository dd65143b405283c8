"""The page of the sandbox as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SandboxPageConfig(AppConfig):
    name = "dr_console.sandbox_page"
    verbose_name = _("Sandbox")

    def ready(self) -> None:
        from dr_console.audit import actions

        actions.register(
            {
                "sandbox.scenario_started": _("Sandbox: scenario started"),
                "sandbox.scenario_healed": _("Sandbox: scenario healed"),
                "sandbox.fault_added": _("Sandbox: fault added"),
                "sandbox.fault_healed": _("Sandbox: fault healed"),
                "sandbox.healed": _("Sandbox: everything healed"),
                "sandbox.clock_set": _("Sandbox: clock set"),
                "sandbox.connected": _("Sandbox: product connected to another store"),
                "sandbox.message_answered": _("Sandbox: message answered"),
                "sandbox.reset": _("Sandbox: begun anew"),
            }
        )

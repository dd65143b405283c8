"""The audit log as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "dr_console.audit"
    verbose_name = _("Audit log")

    def ready(self) -> None:
        from dr_console.audit import actions

        actions.register({"audit.exported": _("Audit log exported")})

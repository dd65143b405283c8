"""Keep data safe, prove it can be brought back, bring it back."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackupsConfig(AppConfig):
    name = "backups"
    verbose_name = _("backups")

    def ready(self) -> None:
        from backups import plan
        from dr_console.plans import pages, registry

        for section in plan.SECTIONS:
            registry.register(section)
        pages.add_pages(pages.PlanPage(_("Backups"), "backups:policies", ("backup_policies",)))

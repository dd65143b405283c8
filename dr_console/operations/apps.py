"""The console's own health as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    name = "dr_console.operations"
    verbose_name = _("Operations")

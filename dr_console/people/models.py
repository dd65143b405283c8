"""What a person has chosen for themselves. Who they are is Django's user; what they may, their one group."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Preferences(models.Model):
    """Made when a person first chooses something; until then the defaults hold."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="preferences")
    language = models.CharField(
        max_length=10, blank=True, choices=settings.LANGUAGES, help_text="Empty: what the browser asks for."
    )
    time_zone = models.CharField(max_length=64, blank=True, help_text="IANA name. Empty: that of the console.")
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    shortcuts = models.BooleanField(default=True, help_text="Whether single keys do something (WCAG 2.1.4).")

    class Meta:
        default_permissions = ()
        permissions = [("manage", "Can manage people and their roles")]
        verbose_name = verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"

"""What a person has chosen for themselves, and the tokens of programs that speak to the API.

Who a person is, is Django's user; what they may, their one group.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.timezone import now
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


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> ApiTokenQuerySet:
        """Neither revoked nor expired."""
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now()), revoked_at=None)


class ApiToken(models.Model):
    """What a program shows to be let in. The token itself is shown once, to whoever makes it, and kept nowhere."""

    class Scope(models.TextChoices):
        """What it may do."""

        PUSH_SAMPLES = "push_samples", _("Push measured values")
        DECLARE_INCIDENTS = "declare_incidents", _("Declare incidents")
        READ_INCIDENTS = "read_incidents", _("Read incidents")
        READ_ONCALL = "read_oncall", _("Read who is on call")

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("What uses it: load balancer Tokyo."))
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token.")
    hint = models.CharField(_("begins with"), max_length=12, help_text="To tell it from others.")
    scopes = models.JSONField(_("may"), default=list, help_text="Words of Scope.")
    made_at = models.DateTimeField(_("made"), default=now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("made by"),
        help_text="Empty: in the terminal.",
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    minute = models.DateTimeField(null=True, help_text="The minute that `calls` are counted in.")
    calls = models.PositiveIntegerField(default=0, help_text="How many there were in that minute.")

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now())

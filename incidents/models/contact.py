"""Whom to call, at home and at the vendors."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry
from incidents.models.placeholders import is_placeholder


class ChannelKind(models.TextChoices):
    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    SLACK = "slack", _("Slack")
    PAGERDUTY = "pagerduty", _("PagerDuty")
    # Robots of chat rooms: one room each, whose address is a secret and so stands in the settings.
    FEISHU = "feishu", _("Feishu")
    DINGTALK = "dingtalk", _("DingTalk")
    WECOM = "wecom", _("WeCom")
    TEAMS = "teams", _("Microsoft Teams")
    MATTERMOST = "mattermost", _("Mattermost")


class Contact(PlanEntry):
    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        TEAM = "team", _("Team")
        ON_CALL = "on_call", _("Whoever is on call")

    class Language(models.TextChoices):
        ENGLISH = "en", "English"
        CHINESE = "zh-hans", "简体中文"

    name = models.CharField(_("name"), max_length=200)
    title = models.CharField(_("responsibility"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    level = models.PositiveSmallIntegerField(
        _("escalation level"), null=True, help_text="0 is on call, 1 is told next. Empty: not on the ladder."
    )
    language = models.CharField(_("language"), max_length=10, choices=Language)
    time_zone = models.CharField(_("time zone"), max_length=60)
    quiet_hours = models.CharField(
        _("quiet hours"), max_length=11, blank=True, help_text="22:00-07:00 in the time zone. Empty: none."
    )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("incidents:contact", args=[self.key])

    @property
    def whom(self) -> str:
        """What messages and tests call it."""
        return f"contact:{self.key}"


class ContactChannel(PlanChild):
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="channels")
    kind = models.CharField(_("kind"), max_length=10, choices=ChannelKind)
    address = models.CharField(_("address"), max_length=200)

    class Meta(PlanChild.Meta):
        constraints = [
            models.UniqueConstraint(fields=["contact", "kind", "address"], name="contact_channel_listed_once")
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def is_placeholder(self) -> bool:
        return is_placeholder(self.kind, self.address)


class Vendor(PlanEntry):
    name = models.CharField(_("name"), max_length=200)
    support_url = models.URLField(_("support page"), max_length=500, blank=True)
    plan = models.CharField(_("support plan"), max_length=200, blank=True)
    contract_number = models.CharField(_("contract number"), max_length=100, blank=True)
    hours = models.CharField(_("hours"), max_length=100, blank=True)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("incidents:vendor", args=[self.key])

    @property
    def whom(self) -> str:
        """What tests call it."""
        return f"vendor:{self.key}"


class VendorChannel(PlanChild):
    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="channels")
    kind = models.CharField(_("kind"), max_length=10, choices=ChannelKind)
    address = models.CharField(_("address"), max_length=200)

    class Meta(PlanChild.Meta):
        constraints = [models.UniqueConstraint(fields=["vendor", "kind", "address"], name="vendor_channel_listed_once")]

    def __str__(self) -> str:
        return self.address

    @property
    def is_placeholder(self) -> bool:
        return is_placeholder(self.kind, self.address)

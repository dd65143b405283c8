"""Who is called first, and when: rotations as the plan has them, and what people changed since."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.plans.models import PlanChild, PlanEntry


class Period(models.TextChoices):
    """How long a turn lasts."""

    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")


class Weekday(models.TextChoices):
    MONDAY = "mon", _("Monday")
    TUESDAY = "tue", _("Tuesday")
    WEDNESDAY = "wed", _("Wednesday")
    THURSDAY = "thu", _("Thursday")
    FRIDAY = "fri", _("Friday")
    SATURDAY = "sat", _("Saturday")
    SUNDAY = "sun", _("Sunday")


class Rotation(PlanEntry):
    """Its own participants are its lowest layer; `layers` lie over it, the last one on top."""

    Period = Period

    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(_("time zone"), max_length=60)
    period = models.CharField(_("period"), max_length=6, choices=Period)
    hand_over_at = models.CharField(_("hand-over at"), max_length=5, help_text="Time of day in the time zone: 09:00.")
    starts_on = models.DateField(_("starts on"), help_text="The first participant's first day.")
    participants = models.JSONField(_("participants"), default=list, help_text="Keys of contacts, in order of turn.")

    def __str__(self) -> str:
        return self.name


class RotationLayer(PlanChild):
    """People who come before those of the layers below it, on its days and in its hours."""

    rotation = models.ForeignKey(Rotation, models.CASCADE, related_name="layers")
    key = models.SlugField(_("key"), max_length=60)
    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(_("time zone"), max_length=60)
    period = models.CharField(_("period"), max_length=6, choices=Period)
    hand_over_at = models.CharField(_("hand-over at"), max_length=5, help_text="Time of day in its own time zone.")
    starts_on = models.DateField(_("starts on"), help_text="Before that day it has nobody.")
    participants = models.JSONField(_("participants"), default=list, help_text="Keys of contacts, in order of turn.")
    weekdays = models.JSONField(_("days"), default=list, help_text="mon, tue, … Empty: every day.")
    hours = models.CharField(_("hours"), max_length=11, blank=True, help_text="09:00-18:00. Empty: all day.")

    class Meta(PlanChild.Meta):
        constraints = [
            models.UniqueConstraint(fields=["rotation", "key"], name="rotation_layer_key_once_in_a_rotation")
        ]

    def __str__(self) -> str:
        return self.name


class Span(models.Model):
    """A time from `starts_at` until just before `ends_at`."""

    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), db_index=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    made_at = models.DateTimeField(_("made"), default=now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("made by")
    )

    class Meta:
        abstract = True


class OverrideQuerySet(models.QuerySet["Override"]):
    def standing(self) -> OverrideQuerySet:
        """Not taken back."""
        return self.filter(withdrawn_at__isnull=True)

    def between(self, start: datetime, end: datetime) -> OverrideQuerySet:
        return self.filter(starts_at__lt=end, ends_at__gt=start)


class Override(Span):
    """Somebody is on call for a time, whatever the rotation says. Of several the one made last counts."""

    rotation_key = models.CharField(_("rotation"), max_length=60, db_index=True)
    contact_key = models.CharField(_("contact"), max_length=60, db_index=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="Taken back before it began.")

    objects = OverrideQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        default_permissions = ()
        permissions = [
            ("cover_on_call", "Can take on-call, swap shifts and be absent"),
            ("change_on_call", "Can change who is on call"),
        ]
        constraints = [
            models.CheckConstraint(
                name="on_call_override_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.rotation_key}: {self.contact_key} from {self.starts_at:%Y-%m-%d %H:%M} UTC"


class SwapQuerySet(models.QuerySet["Swap"]):
    def offered(self) -> SwapQuerySet:
        return self.filter(state=Swap.State.OFFERED)

    def accepted(self) -> SwapQuerySet:
        return self.filter(state=Swap.State.ACCEPTED)

    def between(self, start: datetime, end: datetime) -> SwapQuerySet:
        """Those of which either half touches this time."""
        return self.filter(
            Q(starts_at__lt=end, ends_at__gt=start) | Q(return_starts_at__lt=end, return_ends_at__gt=start)
        )


class Swap(Span):
    """One person asks another to stand in for them. `made_by` offers it.

    In return, if that is asked, the first stands in for the other from `return_starts_at` until `return_ends_at`.
    """

    class State(models.TextChoices):
        OFFERED = "offered", _("Offered")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    rotation_key = models.CharField(_("rotation"), max_length=60, db_index=True)
    from_contact = models.CharField(_("instead of"), max_length=60, db_index=True)
    to_contact = models.CharField(_("stands in"), max_length=60, db_index=True)
    return_starts_at = models.DateTimeField(_("in return from"), null=True, blank=True)
    return_ends_at = models.DateTimeField(_("in return until"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OFFERED)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("answered by")
    )

    objects = SwapQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="on_call_swap_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(name="on_call_swap_is_of_two", condition=~Q(from_contact=F("to_contact"))),
            models.CheckConstraint(
                name="on_call_swap_return_ends_after_it_starts",
                condition=Q(return_starts_at__isnull=True, return_ends_at__isnull=True)
                | Q(return_starts_at__isnull=False, return_ends_at__gt=F("return_starts_at")),
            ),
            models.UniqueConstraint(
                name="on_call_swap_offered_once",
                fields=["rotation_key", "from_contact", "to_contact", "starts_at", "ends_at"],
                condition=Q(state="offered"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rotation_key}: {self.to_contact} for {self.from_contact}, {self.starts_at:%Y-%m-%d %H:%M} UTC"

    @property
    def has_return(self) -> bool:
        return self.return_starts_at is not None


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def between(self, start: datetime, end: datetime) -> AbsenceQuerySet:
        return self.filter(starts_at__lt=end, ends_at__gt=start)

    def standing(self) -> AbsenceQuerySet:
        """Not taken back."""
        return self.filter(withdrawn_at__isnull=True)


class Absence(Span):
    """A time in which somebody is passed over in every rotation."""

    contact_key = models.CharField(_("contact"), max_length=60, db_index=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="Taken back before it began.")

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "-pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(name="on_call_absence_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at")))
        ]

    def __str__(self) -> str:
        return f"{self.contact_key} from {self.starts_at:%Y-%m-%d %H:%M} UTC"

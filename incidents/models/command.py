"""Who leads an incident and who does what in it: roles, the handing over of command, tasks, and decisions."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from incidents.models.incident import Incident


class RoleAssignment(models.Model):
    """A person has a role in an incident, from one moment to another. Its row is kept when it ends."""

    class Role(models.TextChoices):
        COMMANDER = "commander", _("Commander")
        DEPUTY = "deputy", _("Deputy")
        SCRIBE = "scribe", _("Scribe")
        LIAISON = "liaison", _("Liaison")
        EXPERT = "expert", _("Expert")
        RESPONDER = "responder", _("On it")

    # The others are one person's each.
    SEVERAL = (Role.EXPERT, Role.RESPONDER)

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="roles")
    role = models.CharField(_("role"), max_length=10, choices=Role)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    about = models.CharField(_("about"), max_length=100, blank=True, help_text="What an expert knows about.")
    assigned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    since = models.DateTimeField(_("since"), default=now)
    until = models.DateTimeField(_("until"), null=True, blank=True, help_text="Empty: has it now.")

    class Meta:
        ordering = ["since", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="role_of_one_person_at_a_time",
                fields=["incident", "role"],
                condition=Q(until__isnull=True) & ~Q(role__in=["expert", "responder"]),
            ),
            models.UniqueConstraint(
                name="role_once_for_a_person", fields=["incident", "role", "person"], condition=Q(until__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.person_id}"


class Handover(models.Model):
    """Command is offered to somebody. Until they accept, whoever offers it keeps it."""

    class State(models.TextChoices):
        OFFERED = "offered", _("Offered")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="handovers")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    receiver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("to"))
    note = models.TextField(_("what they have to know"), blank=True, max_length=2000)
    state = models.CharField(max_length=10, choices=State, default=State.OFFERED)
    offered_at = models.DateTimeField(default=now)
    answered_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True, help_text="Why it was declined.")
    briefing = models.JSONField(default=dict, blank=True, help_text="What was accepted: queries.briefing, as facts.")

    class Meta:
        ordering = ["offered_at", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="handover_one_open_for_an_incident", fields=["incident"], condition=Q(state="offered")
            )
        ]

    def __str__(self) -> str:
        return f"{self.giver_id} → {self.receiver_id}: {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:handover", args=[self.incident.reference, self.pk])

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OFFERED


class AskQuerySet(models.QuerySet["Ask"]):
    def open(self) -> AskQuerySet:
        return self.filter(state__in=Ask.OPEN)


class Ask(models.Model):
    """A task for one named person, with a time box, which that person accepts or declines."""

    class State(models.TextChoices):
        ASKED = "asked", _("Not answered yet")
        ACCEPTED = "accepted", _("Accepted")
        DECLINED = "declined", _("Declined")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    class Stage(models.IntegerChoices):
        """How far people have been told that it waits."""

        TOLD = 0, _("Told")
        REMINDED = 1, _("Reminded")
        OVERDUE = 2, _("Paged: overdue")
        COMMANDER = 3, _("The commander has been told")

    OPEN = (State.ASKED, State.ACCEPTED)

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="asks")
    text = models.CharField(_("what"), max_length=300)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="asks", verbose_name=_("who"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(
        _("outcome"), max_length=500, blank=True, help_text="What came of it, or why not: as a person wrote it."
    )
    stage = models.PositiveSmallIntegerField(choices=Stage, default=Stage.TOLD)
    next_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When somebody is told next. Empty: nobody is, any more."
    )

    objects = AskQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="ask_over_exactly_when_it_has_an_end",
                condition=Q(state__in=["asked", "accepted"], ended_at__isnull=True)
                | (~Q(state__in=["asked", "accepted"]) & Q(ended_at__isnull=False, next_at__isnull=True)),
            )
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def time_box(self) -> timedelta:
        return self.due_at - self.asked_at

    @property
    def seconds_left(self) -> int:
        """Negative once it is overdue."""
        return round((self.due_at - now()).total_seconds())

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.due_at <= now()


class CommandDecision(models.Model):
    """What the people of an incident have to decide, and what was decided. Decision is the console's own."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        DECIDED = "decided", _("Decided")
        DROPPED = "dropped", _("Dropped")

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="command_decisions")
    question = models.CharField(_("question"), max_length=300)
    options = models.JSONField(_("options"), default=list, help_text="As people wrote them, in their order.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=now)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    outcome = models.CharField(_("outcome"), max_length=300, blank=True, help_text="What was decided.")
    reason = models.CharField(_("why"), max_length=1000, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["asked_at", "pk"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="command_decision_over_exactly_when_it_has_an_end",
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
            )
        ]

    def __str__(self) -> str:
        return self.question

    def get_absolute_url(self) -> str:
        return reverse("incidents:command-decision", args=[self.incident.reference, self.pk])

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class Opinion(models.Model):
    """What one person says when asked for strong objections: their last word. The timeline has all of them."""

    decision = models.ForeignKey(CommandDecision, models.CASCADE, related_name="opinions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    objection = models.CharField(_("objection"), max_length=500, blank=True, help_text="Empty: no strong objection.")
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["at", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(name="opinion_one_of_a_person", fields=["decision", "person"])]

    def __str__(self) -> str:
        return self.objection or "no objection"

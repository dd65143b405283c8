"""What the console concluded from its health checks, what it did about it, and what kept it from acting."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from dr_console.runs.models import Run
from dr_console.web.sentences import spoken
from incidents.models.failover import FailoverPlan
from incidents.models.incident import Incident
from incidents.models.service import Service


class DecisionState(models.Model):
    """Where the deciding stands, so that it goes on after a restart. The table has one row."""

    ONLY = 1

    number = models.PositiveSmallIntegerField(unique=True, default=ONLY)
    version = models.PositiveBigIntegerField(default=0, help_text="Of two who write at once, the second starts anew.")
    at = models.DateTimeField(null=True, help_text="The last round that was considered.")
    memory = models.JSONField(default=dict, help_text="confirmation.Memory as plain values.")
    diagnosis = models.JSONField(default=dict, help_text="The last diagnosis, confirmed or not, with its reasons.")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"considered at {self.at}"


class Decision(models.Model):
    """One line for each time that the conclusion or what follows from it changed. Never changed itself."""

    class Outcome(models.TextChoices):
        NOTHING = "nothing", _("Nothing to do")
        WATCHING = "watching", _("Not sure yet: looking again")
        DECLARED = "declared", _("Incident declared")
        STARTED = "started", _("Failover started")
        BLOCKED = "blocked", _("Not started by itself")
        RELEASED = "released", _("Released by a person")
        RECOVERED = "recovered", _("Recovered")

    at = models.DateTimeField(default=now)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    kind = models.CharField(_("conclusion"), max_length=20, help_text="A word of diagnosis.Kind.")
    said = models.JSONField(default=dict, help_text="A sentence: what was concluded, or what was done.")
    diagnosis = models.JSONField(default=dict, help_text="Reasons, and which places support them.")
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, blank=True, related_name="decisions")
    run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(name="decision_newest", fields=["-at", "-id"])]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.outcome}"

    @property
    def words(self) -> str:
        return spoken(self.said)

    @property
    def reasons(self) -> list[str]:
        return [spoken(reason) for reason in self.diagnosis.get("reasons", [])]


class BlockedTrigger(models.Model):
    """A failover that the console would have started, had something not stood in its way."""

    class Blocker(models.TextChoices):
        """In the order in which they are looked at."""

        KILL_SWITCH = "kill_switch", _("The kill switch is on")
        MAINTENANCE = "maintenance", _("Maintenance")
        ACTIVE_RUN = "active_run", _("Another run is under way")
        COOL_DOWN = "cool_down", _("A failover or failback not long ago")
        DAILY_LIMIT = "daily_limit", _("Too many automatic failovers")
        TARGET_NOT_READY = "target_not_ready", _("The standby is not well")
        FLAPPING = "flapping", _("It comes and goes")
        CUT_OFF = "cut_off", _("The console itself is cut off")
        NO_PLAN = "no_plan", _("No plan for it")
        BY_HAND = "by_hand", _("Started by people only")
        REFUSED = "refused", _("Refused when it was to start")

    # What nobody can wave through: the switch has a button of its own, and behind the others there is nothing to start.
    NOT_RELEASABLE = (Blocker.KILL_SWITCH, Blocker.ACTIVE_RUN, Blocker.CUT_OFF, Blocker.NO_PLAN)

    blocker = models.CharField(_("what stands in the way"), max_length=16, choices=Blocker)
    said = models.JSONField(default=dict, help_text="A sentence: what exactly, and until when.")
    kind = models.CharField(max_length=20, help_text="A word of diagnosis.Kind.")
    diagnosis = models.JSONField(default=dict)
    plan = models.ForeignKey(FailoverPlan, models.PROTECT, null=True, blank=True, related_name="+")
    incident = models.ForeignKey(Incident, models.CASCADE, null=True, blank=True, related_name="blocked_triggers")
    at = models.DateTimeField(_("since"), default=now)
    last_at = models.DateTimeField(default=now, help_text="The last round in which it stood in the way.")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When people were told of it.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it still stands in the way.")
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="blocked_trigger_one_open_for_an_incident",
                fields=["incident"],
                condition=Q(ended_at__isnull=True, incident__isnull=False),
            ),
            models.UniqueConstraint(
                name="blocked_trigger_one_open_without_incident",
                fields=["blocker"],
                condition=Q(ended_at__isnull=True, incident__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.blocker} since {self.at:%H:%M:%S}"

    @property
    def words(self) -> str:
        return spoken(self.said)

    @property
    def is_releasable(self) -> bool:
        return self.ended_at is None and self.plan_id is not None and self.blocker not in self.NOT_RELEASABLE


class MaintenanceWindow(models.Model):
    """A time in which the console declares and tells, but starts nothing by itself."""

    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("service")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-starts_at"]
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="maintenance_ends_after_it_starts", condition=Q(ends_at__gt=models.F("starts_at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} – {self.ends_at:%H:%M}"


class LookedAt(models.Model):
    """A person has looked at a failover: it no longer makes the automatic way wait."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="looked_at")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.run_id} looked at"

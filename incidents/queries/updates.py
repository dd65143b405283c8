"""Who is owed which word about an incident, what was last said, and in which words the next update begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.timezone import now

from dr_console.web.sentences import Texts, spoken
from incidents.models import (
    Audience,
    ChannelKind,
    Contact,
    Impact,
    Incident,
    Rotation,
    Service,
    Severity,
    Stage,
    StatusUpdate,
    UpdateDue,
    UpdatePolicy,
    UpdateWording,
)
from incidents.queries import recipients
from incidents.queries.recipients import Recipient

PARTS = ("headline", "conditions", "actions", "needs")
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
# So long before it is owed, whoever writes is reminded.
SOON = timedelta(minutes=5)


@dataclass(frozen=True)
class Standing:
    """One audience of one incident. `every`: as the plan has it for the severity; None: it has no cadence."""

    audience: Audience
    name: str
    every: timedelta | None
    due: UpdateDue | None
    last: StatusUpdate | None

    @property
    def due_at(self) -> datetime | None:
        return self.due.at if self.due else None

    @property
    def left(self) -> timedelta | None:
        """Negative: it is overdue by so much."""
        return self.due_at - now() if self.due_at else None

    @property
    def seconds(self) -> int | None:
        """For the clock in the browser."""
        return None if self.left is None else round(self.left.total_seconds())

    @property
    def seconds_over(self) -> int:
        """Since when it is overdue."""
        return max(0, -(self.seconds or 0))

    @property
    def state(self) -> str:
        """A word: "overdue", "soon", "waiting", or "" where nothing is owed."""
        if self.left is None:
            return ""
        if self.left <= timedelta():
            return "overdue"
        return "soon" if self.left <= SOON else "waiting"

    @property
    def label(self) -> str:
        return self.name or str(self.audience.label)


def standing(incident: Incident) -> list[Standing]:
    """Every audience, in the order of the plan. Four queries."""
    policies = {one.audience: one for one in current_policies()}
    dues = {one.audience: one for one in incident.updates_due.select_related("snoozed_by")}
    newest = newest_of(incident)
    return [
        Standing(
            audience=audience,
            name=policies[audience].name if audience in policies else "",
            every=cadence(policies.get(audience), incident.assumed_severity),
            due=dues.get(audience),
            last=newest.get(audience),
        )
        for audience in sorted(
            Audience, key=lambda one: list(policies).index(one) if one in policies else len(policies)
        )
    ]


def newest_of(incident: Incident) -> dict[str, StatusUpdate]:
    """By audience, the last one that stands. One query, of at most a row an audience."""
    newest = [
        StatusUpdate.objects.standing()
        .filter(incident=incident, audience=audience)
        .order_by("-at", "-pk")
        .values("pk")[:1]
        for audience in Audience
    ]
    found = StatusUpdate.objects.filter(pk__in=newest[0]).select_related("by")
    for one in newest[1:]:
        found = found | StatusUpdate.objects.filter(pk__in=one).select_related("by")
    return {update.audience: update for update in found}


def current_policies() -> list[UpdatePolicy]:
    return list(UpdatePolicy.objects.current().prefetch_related("cadences"))


@dataclass(frozen=True)
class ShownPolicy:
    """`who`: names of the contacts and rotations; empty for the matrix."""

    policy: UpdatePolicy
    who: list[str]


def shown_policies() -> list[ShownPolicy]:
    """As the page of the plan shows them. Five queries."""
    policies = list(UpdatePolicy.objects.current().prefetch_related("cadences", "wordings"))
    names = {f"contact:{key}": name for key, name in Contact.objects.current().values_list("key", "name")}
    names |= {f"rotation:{key}": name for key, name in Rotation.objects.current().values_list("key", "name")}
    return [ShownPolicy(one, [names.get(target, target) for target in one.targets]) for one in policies]


def policy_of(audience: Audience | str) -> UpdatePolicy | None:
    return UpdatePolicy.objects.current().filter(audience=audience).prefetch_related("cadences").first()


def cadence(policy: UpdatePolicy | None, severity: Severity | str) -> timedelta | None:
    """How long the audience waits at most between two updates."""
    if policy is None:
        return None
    found = next((one for one in policy.cadences.all() if one.severity == severity), None)
    return timedelta(minutes=found.every_minutes) if found else None


def stage_of(incident: Incident) -> Stage:
    """What the incident's state suggests."""
    if incident.is_over:
        return Stage.RESOLVED
    if incident.status == Incident.Status.MITIGATED or incident.recovered_at:
        return Stage.MONITORING
    return Stage.IDENTIFIED if incident.failure else Stage.INVESTIGATING


# --- The words that an update begins with ---------------------------------------------------------------------------
def first_words(incident: Incident, audience: Audience, stage: Stage) -> dict[str, Texts]:
    """By part (headline, conditions, actions, needs) and language: the plan's wording, filled in. May be empty."""
    wordings = UpdateWording.objects.filter(policy__audience=audience, policy__retired_at=None)
    found = {one.stage: one for one in wordings}
    wording = found.get(stage)
    if wording is None:
        return {part: {} for part in PARTS}
    names = {language: _names(incident, language) for language in LANGUAGES}
    return {part: _filled_in(wording, part, names) for part in PARTS}


def _filled_in(wording: UpdateWording, part: str, names: Mapping[str, Mapping[str, str]]) -> Texts:
    texts = {language: _written(wording, part, language) for language in LANGUAGES}
    return {language: text.format_map(names[language]) for language, text in texts.items() if text}


def _written(row: object, part: str, language: str) -> str:
    return getattr(row, f"{part}_{language.replace('-', '_')}", "") or ""


def _names(incident: Incident, language: str) -> dict[str, str]:
    """What the plan may name between braces."""
    with translation.override(language):
        service = incident.service
        named = (_written(service, "name", language) or service.name) if service else incident.words
        return {
            "service": named,
            "title": spoken(incident.said_title) or incident.title,
            "reference": incident.reference,
            "severity": str(incident.assumed_severity),
            "began": f"{incident.started_at:%Y-%m-%d %H:%M} UTC",
        }


def first_impact(incident: Incident) -> dict[str, str]:
    """What customers were last told of each service, else that the incident's own is not well."""
    last = newest_of(incident).get(Audience.CUSTOMERS)
    if last is not None:
        return dict(last.impact)
    return {incident.service.key: Impact.PARTIAL.value} if incident.service else {}


def components() -> list[Service]:
    """What the public page tells of."""
    return list(Service.objects.current())


# --- Who gets it ----------------------------------------------------------------------------------------------------
def readers(incident: Incident, audience: Audience) -> list[Recipient]:
    """Whom the plan names for the audience, by its channels; where it names nobody, the matrix of the severity."""
    policy = policy_of(audience)
    if policy is None or not policy.channels:
        return []
    channels = [ChannelKind(one) for one in policy.channels]
    if policy.targets:
        return recipients.by_targets(policy.targets, channels, at=now())
    return recipients.matrix(incident.assumed_severity, channels, at=now())

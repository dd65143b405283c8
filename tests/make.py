"""Make the objects that tests start from. Plain functions: give only what the test is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from itertools import count as numbers
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.utils.timezone import now

from backups.models import BackupPolicy
from dr_console.errors import Problem, ProviderError
from dr_console.management.preparation import BUILT_IN_PLAN
from dr_console.notifications.messages import Message
from dr_console.notifications.models import Channel, Delivery
from dr_console.notifications.services import notify
from dr_console.operations.heartbeats import beat
from dr_console.operations.models import CheckRound, Heartbeat, ProviderCheck
from dr_console.people import tokens
from dr_console.people.services import sync_roles
from dr_console.plans import reader, services
from dr_console.plans.models import PlanVersion
from dr_console.providers.capabilities.probe import Failure
from dr_console.providers.checking import Finding, State
from dr_console.runs.models import Run, Step
from incidents.figures import Sample, pack_samples
from incidents.models import Contact, FailoverPlan, Incident, ProbeRound, Region, Service, ServiceEndpoint, Severity

_number = numbers(1)


def user(username: str = "ada", *, role: str | None = None, may: Iterable[str] = (), **fields: Any) -> User:
    """A person with the password "secret". `may` names permissions: "change_plan" or "plans.change_plan"."""
    someone = User.objects.create_user(username, f"{username}@example.com", "secret", **fields)
    if role is not None:
        if not Group.objects.filter(name=role).exists():
            sync_roles()
        someone.groups.add(Group.objects.get(name=role))
    for name in may:
        app, _, codename = name.rpartition(".")
        wanted = Permission.objects.filter(codename=codename, **({"content_type__app_label": app} if app else {}))
        someone.user_permissions.add(*wanted)
    return someone


def heartbeats() -> None:
    """Signs of life of every kind of process, as a console that is well has them."""
    for kind in Heartbeat.Kind:
        beat(f"{kind} of this test", kind=kind)


def vendor_checks() -> None:
    """What a round of checks found: one of each state."""
    CheckRound.objects.update_or_create(pk=1, defaults={"ended_at": now()})
    error = ProviderError("Vercel", "read the project", Problem.NOT_FOUND, status=404, code="not_found", permanent=True)
    found = [
        Finding("cloudflare", "The token works", State.OK, "It is active."),
        Finding("cloudflare", "The DNS record %(name)s exists", State.UNKNOWN, names={"name": "api.example.com"}),
        Finding("vercel", "The project %(name)s exists", State.FAILED, names={"name": "gemini"}, error=error),
        Finding("slack", "The signing secret is set", State.NOT_SET, "DR_SLACK_SIGNING_SECRET"),
    ]
    for position, one in enumerate(found):
        ProviderCheck.objects.create(
            vendor=one.vendor,
            position=position,
            subject=one.subject,
            names=one.names,
            state=one.state.value,
            said=one.said,
            error=one.error.facts() if one.error else None,
            since=now() - timedelta(hours=3),
        )


def plan() -> PlanVersion:
    """The built-in plan, loaded."""
    return services.load(builtin_plan(), by=None, source="builtin.yaml")


@cache
def builtin_plan() -> Any:
    return reader.read(BUILT_IN_PLAN)


def more_entries(count: int) -> None:
    """Rows beyond those of the plan, in every list that a page shows."""
    service, region = Service.objects.current().first(), Region.objects.current().first()
    for number in range(count):
        key = f"extra-{number}"
        contact = Contact.objects.create(key=key, position=100 + number, name=f"Extra {number}", kind="person")
        contact.channels.create(kind="email", address=f"{key}@example.com", position=0)
        extra = Service.objects.create(key=key, position=100 + number, name=f"Extra {number}")
        extra.endpoints.create(
            region=region, via="cdn", url=f"https://{key}.example.com", expected_status=200, position=0
        )
        FailoverPlan.objects.create(
            key=key, position=100 + number, name=f"Extra {number}", service=service, failure="manual", automatic=False
        )
        BackupPolicy.objects.create(key=key, position=100 + number, name=f"Extra {number}", category="code")


def incident(**fields: Any) -> Incident:
    defaults: dict[str, Any] = {
        # Beyond those that services give in a test: they count from 001.
        "reference": f"INC-2026-{1000 + next(_number)}",
        "title": "API unavailable",
        "severity": Severity.P0,
    }
    return Incident.objects.create(**defaults | fields)


def run(*steps: dict[str, Any], **fields: Any) -> Run:
    """A run with steps, `make.run({"key": "dns", "state": "running"})`, each waiting for the one before it."""
    defaults: dict[str, Any] = {
        "kind": Run.Kind.FAILOVER,
        "titles": {"en": "Tokyo → California", "zh-hans": "东京 → 加利福尼亚"},
        "subject": f"service:test-{next(_number)}",
        "trigger": Run.Trigger.PERSON,
        "mode": "sandbox",
        "client_token": f"test-{next(_number)}",
        "generation": 1,
    }
    made = Run.objects.create(**defaults | fields)
    before: list[str] = []
    for position, one in enumerate(steps):
        step(made, position=position, **{"depends_on": before} | one)
        before = [one["key"]]
    return made


def step(run: Run, key: str = "dns", **fields: Any) -> Step:
    defaults: dict[str, Any] = {"position": 0, "does": f"test.{key}", "titles": {"en": key.title()}}
    return Step.objects.create(run=run, key=key, **defaults | fields)


def message(**fields: Any) -> Delivery:
    """A message that is to be sent, as a service asks for it."""
    defaults: dict[str, Any] = {
        "channel": Channel.SLACK,
        "message": Message(subject="Tokyo does not answer", body="Three probes failed."),
        "dedup_key": f"test:{next(_number)}",
    }
    return notify(**defaults | fields)


def probe_round(
    *, at: datetime | None = None, failing: Iterable[ServiceEndpoint] = (), milliseconds: float = 80.0, **fields: Any
) -> ProbeRound:
    """One round of health checks of every endpoint of the plan, of which these fail."""
    failed = {endpoint.pk for endpoint in failing}
    samples = {
        pk: Sample(milliseconds, 200, Failure.TIMED_OUT if pk in failed else None)
        for pk in ServiceEndpoint.objects.values_list("pk", flat=True)
    }
    defaults: dict[str, Any] = {"location": "here", "at": at or now(), "kind": ProbeRound.Kind.ROUND}
    return ProbeRound.objects.create(**defaults | fields, samples=pack_samples(samples))


def api_token(name: str = "load balancer", *, scopes: Iterable[str] = ("push_samples",), **fields: Any) -> str:
    """A token as its owner shows it."""
    token, plain = tokens.make(name, scopes=scopes, by=None)
    type(token).objects.filter(pk=token.pk).update(**fields)
    return plain

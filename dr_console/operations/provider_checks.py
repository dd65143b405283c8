"""Check all vendors, keep what was found, and say of each how it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from dr_console.audit.services import record
from dr_console.credentials import CREDENTIALS
from dr_console.live.publish import nudge
from dr_console.operations.models import CheckRound, ProviderCheck
from dr_console.providers.budgets import background
from dr_console.providers.checking import CHECKS, CREDENTIALS_OF, LABELS, Finding, State, check_all
from dr_console.providers.credentials import sources
from dr_console.providers.deadlines import Deadline

SECONDS = 60.0
# A round that has been running for longer is one whose worker was killed.
GIVEN_UP_AFTER = timedelta(minutes=3)
GIVEN_ADDRESSES = {"voice": "url", "search": "start_url"}
WORST_FIRST = (State.FAILED, State.UNKNOWN, State.NOT_SET, State.OK)
OLD_AFTER = timedelta(minutes=15)


@transaction.atomic
def ask(*, by: User) -> None:
    """Write down that somebody wants all vendors checked now. Whoever calls puts the task on its queue."""
    record("providers.check_asked", by=by, target="providers")


def check() -> bool:
    """Check all vendors and keep what was found; False where another worker is at it."""
    if not _claim():
        return False
    try:
        with background():
            found = check_all(deadline=Deadline.after(SECONDS))
            known = sources()
        _keep(found, known)
    finally:
        _release()
    return True


def _claim() -> bool:
    CheckRound.objects.get_or_create(pk=1)
    free = Q(running_since=None) | Q(running_since__lt=now() - GIVEN_UP_AFTER)
    with transaction.atomic():
        if not CheckRound.objects.filter(free, pk=1).update(running_since=now()):
            return False
        nudge("console", "readiness")
    return True


@transaction.atomic
def _release() -> None:
    CheckRound.objects.filter(pk=1).update(running_since=None)
    nudge("console", "readiness")


@transaction.atomic
def _keep(found: list[Finding], known: dict[str, str]) -> None:
    at = now()
    before = {_same(row.vendor, row.subject, row.names, row.state): row.since for row in ProviderCheck.objects.all()}
    ProviderCheck.objects.all().delete()
    ProviderCheck.objects.bulk_create(
        ProviderCheck(
            vendor=one.vendor,
            position=position,
            subject=one.subject,
            names=one.names,
            state=one.state.value,
            said=one.said,
            error=one.error.facts() if one.error else None,
            at=at,
            since=before.get(_same(one.vendor, one.subject, one.names, one.state.value), at),
        )
        for position, one in enumerate(found)
    )
    CheckRound.objects.filter(pk=1).update(ended_at=at, sources=known)


def _same(vendor: str, subject: str, names: dict[str, str], state: str) -> tuple[object, ...]:
    return vendor, subject, names.get("name", ""), state


# --- How each vendor stands -------------------------------------------------------------------------


@dataclass(frozen=True)
class VendorState:
    """One vendor, for its card. `state`: the worst of its checks; unknown where there was none."""

    key: str
    label: str
    address: str
    state: State
    checks: list[ProviderCheck]
    settings: list[tuple[str, str]]

    @property
    def unset(self) -> list[str]:
        """Names of the settings that nothing gives a value."""
        return [name for name, source in self.settings if not source]


def last_round() -> CheckRound:
    return CheckRound.objects.filter(pk=1).first() or CheckRound()


def is_running(round: CheckRound) -> bool:
    return round.running_since is not None and round.running_since > now() - GIVEN_UP_AFTER


def is_old(round: CheckRound) -> bool:
    return round.ended_at is not None and round.ended_at < now() - OLD_AFTER


def vendor_states(round: CheckRound) -> list[VendorState]:
    """Every vendor that can be checked, in the order of CHECKS, and what else was found with them."""
    rows: dict[str, list[ProviderCheck]] = {key: [] for key in CHECKS}
    for row in ProviderCheck.objects.all():
        rows.setdefault(row.vendor, []).append(row)
    return [_vendor_state(key, checks, round.sources) for key, checks in rows.items()]


def _vendor_state(key: str, checks: list[ProviderCheck], kept: dict[str, str]) -> VendorState:
    of = [vendor for vendor in CREDENTIALS_OF.get(key, (key,)) if vendor in CREDENTIALS]
    # This process may not read the secret at AWS: what the last round saw there counts.
    known = {name: source or kept.get(name, "") for name, source in sources(of, with_secret=False).items()}
    return VendorState(key, _(LABELS.get(key, key)), _address(key), worst(checks), checks, list(known.items()))


def counts(states: Iterable[VendorState]) -> list[tuple[State, int]]:
    """How many checks are in each state, the worst first; without those that none is in."""
    found = Counter(State(check.state) for vendor in states for check in vendor.checks)
    return [(state, found[state]) for state in WORST_FIRST if found[state]]


def worst(checks: Iterable[ProviderCheck]) -> State:
    states = {State(row.state) for row in checks}
    return next((state for state in WORST_FIRST if state in states), State.UNKNOWN)


def _address(key: str) -> str:
    """Where the vendor is, without anything secret."""
    if key == "mail":
        return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}" if settings.EMAIL_URL else ""
    if key == "prometheus":
        parts = urlsplit(settings.DR_PROMETHEUS_URL)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    if key == "robots":  # each has its own, and the whole of it is secret
        return ""
    if key == "r2" and not settings.DR_VENDOR_URLS["r2"]:
        return "https://….r2.cloudflarestorage.com"
    if key in GIVEN_ADDRESSES:  # whose path may be the key to it
        parts = urlsplit(settings.DR_CREDENTIALS[key][GIVEN_ADDRESSES[key]])
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    return settings.DR_VENDOR_URLS.get("aws" if key in ("codecommit", "s3") else key) or _("AWS’s own addresses")


def failed_vendors() -> Iterator[tuple[str, list[ProviderCheck]]]:
    """Label and failed checks of each vendor that has any, for the first page."""
    rows = list(ProviderCheck.objects.filter(state=State.FAILED.value))
    for key in dict.fromkeys(row.vendor for row in rows):
        yield _(LABELS.get(key, key)), [row for row in rows if row.vendor == key]

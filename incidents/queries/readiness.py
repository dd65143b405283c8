"""What of the plan would fail us today: each finding says what, why it matters, and where it is mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dr_console.web.words import listed
from incidents import schedule
from incidents.models import About, Contact, FailoverPlan, Rotation, Service, Vendor
from incidents.queries import oncall
from incidents.queries.channel_tests import Standing, proofs
from incidents.queries.contacts import has_placeholder
from incidents.queries.escalation import ladders
from incidents.schedule import Gap


@dataclass(frozen=True)
class Finding:
    """`state` is failed, waiting or unknown, as badges have them; `page` names the URL that mends it."""

    state: str
    what: str
    why: str
    page: str
    query: str = ""


def findings() -> list[Finding]:
    """Everything about contacts, ladders, services and the plan itself, worst first."""
    found = [*_contacts(), *_vendors(), *_rotations(), *_ladders(), *_services(), *_review(now().date())]
    return sorted(found, key=lambda finding: finding.state != "failed")


def _contacts() -> Iterator[Finding]:
    contacts = list(Contact.objects.current().prefetch_related("channels"))
    mute = [contact.name for contact in contacts if not contact.channels.all()]
    pretend = [contact.name for contact in contacts if has_placeholder(contact)]
    if mute:
        what = ngettext("%(count)d contact has no channel", "%(count)d contacts have no channel", len(mute))
        yield Finding("failed", what % {"count": len(mute)}, _names(mute), "incidents:contacts")
    if pretend:
        what = ngettext(
            "%(count)d contact is still a placeholder", "%(count)d contacts are still placeholders", len(pretend)
        )
        yield Finding(
            "failed", what % {"count": len(pretend)}, _names(pretend), "incidents:contacts", "placeholder=true"
        )
    yield from _tests(contacts)


def _tests(contacts: list[Contact]) -> Iterator[Finding]:
    """Addresses at which nobody is known to be reached; placeholders are told of apart."""
    known = proofs(contacts)
    for standing, look, what in (
        (Standing.FAILED, "failed", _("Test messages did not arrive")),
        (Standing.NEVER, "waiting", _("Some ways to contacts were never tested")),
        (Standing.OLD, "waiting", _("Some ways to contacts were tested long ago")),
    ):
        names = [one.name for one in contacts if any(proof.standing == standing for proof in known[one.whom])]
        if names:
            yield Finding(look, what, _names(names), "incidents:contacts", "tested=false")


def _vendors() -> Iterator[Finding]:
    vendors = Vendor.objects.current().prefetch_related("channels")
    nameless = [vendor.name for vendor in vendors if not vendor.contract_number]
    if nameless:
        what = ngettext(
            "The contract number of %(count)d vendor is missing",
            "The contract numbers of %(count)d vendors are missing",
            len(nameless),
        )
        yield Finding("waiting", what % {"count": len(nameless)}, _names(nameless), "incidents:vendors")
    pretend = [vendor.name for vendor in vendors if has_placeholder(vendor)]
    if pretend:
        what = ngettext(
            "%(count)d vendor’s support address is a placeholder",
            "%(count)d vendors’ support addresses are placeholders",
            len(pretend),
        )
        yield Finding("waiting", what % {"count": len(pretend)}, _names(pretend), "incidents:vendors")


def _rotations() -> Iterator[Finding]:
    if not Rotation.objects.current().exists():
        yield Finding(
            "failed", _("There is no on-call rotation"), _("Nobody would be paged first."), "incidents:oncall"
        )
    yield from _gaps()


def _gaps() -> Iterator[Finding]:
    """Two weeks ahead: a hole in a rotation is filled before somebody has to be reached in it."""
    at = now()
    ahead = oncall.roster(at, at + timedelta(days=oncall.LOOKED_AHEAD_DAYS))
    for key, rotation in ahead.rotations.items():
        found = schedule.gaps(ahead.schedules[key], ahead.start, ahead.end)
        if not any(layer.participants for layer in ahead.schedules[key].layers):
            what = _("Nobody takes part in “%(rotation)s”") % {"rotation": rotation.name}
            yield Finding("failed", what, _("A page to it would reach nobody."), "incidents:oncall")
        elif found:
            yield Finding("failed", _hole(rotation, found[0], at), _gap_times(found), "incidents:oncall")


def _hole(rotation: Rotation, gap: Gap, at: datetime) -> str:
    said = {"rotation": rotation.name, "from": _minute(gap.starts_at)}
    if gap.starts_at <= at:
        return _("Nobody is on call in “%(rotation)s” now") % said
    return _("Nobody is on call in “%(rotation)s” from %(from)s") % said


def _gap_times(gaps: list[Gap], most: int = 3) -> str:
    """The first of them, and how many there are."""
    shown = listed(f"{_minute(gap.starts_at)} – {_minute(gap.ends_at)}" for gap in gaps[:most])
    if len(gaps) > most:
        shown = _("%(names)s and %(count)d more") % {"names": shown, "count": len(gaps) - most}
    return _("A page to it would reach nobody: %(times)s.") % {"times": shown}


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _ladders() -> Iterator[Finding]:
    slow = [ladder.policy.severity for ladder in ladders() if ladder.needs_acceptance]
    if slow:
        yield Finding(
            "waiting",
            _("%(severities)s: the last level is paged too late to leave time for the recovery")
            % {"severities": listed(slow)},
            _("If nobody answers, the objective is missed before everybody has been asked. Nobody has accepted that."),
            "incidents:escalation",
        )


def _services() -> Iterator[Finding]:
    blind = Service.objects.current().annotate(
        ways=Count("endpoints", filter=Q(endpoints__retired_at__isnull=True), distinct=True)
    ).filter(ways=0)  # fmt: skip
    for service in blind:
        yield Finding(
            "waiting",
            _("“%(service)s” has no health endpoint") % {"service": service.name},
            _("Nobody would notice that it is down."),
            "incidents:services",
        )
    if not FailoverPlan.objects.current().exists():
        yield Finding(
            "failed", _("There is no failover plan"), _("Nothing could be switched over."), "incidents:failover"
        )


def _review(today: date) -> Iterator[Finding]:
    about = About.objects.current().first()
    if about and about.review_due_on < today:
        yield Finding(
            "waiting",
            _("The plan’s review was due on %(date)s") % {"date": about.review_due_on.isoformat()},
            _("Owner: %(owner)s") % {"owner": about.owner},
            "plans:overview",
        )


def _names(names: list[str], most: int = 4) -> str:
    shown = listed(names[:most])
    if len(names) > most:
        shown = _("%(names)s and %(count)d more") % {"names": shown, "count": len(names) - most}
    return shown

"""Cloudflare's read-only checks: the token and its rights, account, zone, names, and the queue of R2's events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.events import DELETIONS, WRITES
from dr_console.providers.checking import Check, Finding, State, about, finding_of
from dr_console.providers.cloudflare import account
from dr_console.providers.cloudflare.cdn import CloudflareCdn
from dr_console.providers.cloudflare.dns import leading_records
from dr_console.providers.cloudflare.queues import CloudflareQueue
from dr_console.providers.credentials import credential
from dr_console.providers.deadlines import Deadline

KEY = "cloudflare"
# A record that is not proxied is kept by resolvers for its TTL, and the recovery time has to wait for that.
LONGEST_TTL_SECONDS = 300

_TOKEN = _("The token works")
_ACCOUNT_READ = _("The account can be read")
_ACCOUNT = _("The account %(name)s can be read")
_ZONE = _("The zone %(name)s can be read")
_RECORDS = _("DNS records can be read")
_NAME = _("The DNS record %(name)s can be pointed elsewhere")
_QUEUE = _("The queue of the object store’s events can be pulled from")
_RULES = _("The bucket %(name)s tells the queue of every change")

_EXPIRES = _("It is %(state)s. It ends at %(at)s.")
_STATE = _("It is %(state)s.")
_PLAN = _("Plan %(plan)s: up to %(burst)s purges at once.")
_PLAN_UNKNOWN = _("Its plan could not be read: the free plan’s limits are kept to.")
_PAUSED = _("The zone is paused: Cloudflare serves its DNS and nothing else.")
_NOT_ACTIVE = _("The zone is %(status)s.")
_ACCOUNT_UNKNOWN = _("The token may not read it, which nothing but this check asks for.")
_RIGHT_UNKNOWN = _("Cloudflare does not say so of this token; it shows when it is first used.")
_LONG_TTL = _("%(content)s, kept by resolvers for %(ttl)s s, as it is not proxied.")
_CONTENT = _("%(type)s %(content)s")
_SEVERAL = _("There are several records of this name, and one must be meant.")
_NONE = _("There is no such record.")
_NOT_PULLED = _("No consumer of the type http_pull is set up.")
_NO_DEAD_LETTERS = _("No dead letter queue: after %(attempts)s attempts an event is lost.")
_WAITING = _("%(count)s events wait.")
_MISSING = _("Nothing is told of: %(actions)s.")

RIGHTS = {
    "#dns_records:edit": _("The token may edit DNS records"),
    "#cache_purge:edit": _("The token may purge the cache"),
}


@about(_TOKEN)
def check_token(deadline: Deadline) -> Iterator[Finding]:
    token = account.token(deadline=deadline)
    state = State.OK if token.status == "active" else State.FAILED
    names = {"state": token.status, "at": token.expires_on or ""}
    yield Finding(KEY, _TOKEN, state, _EXPIRES if token.expires_on else _STATE, names)


@about(_ACCOUNT_READ)
def check_account(deadline: Deadline) -> Iterator[Finding]:
    try:
        found = account.account(deadline=deadline)
    except ProviderError as error:
        if error.problem is not Problem.CREDENTIALS:
            raise
        # A token can do all that a recovery asks without being allowed to read its account.
        yield Finding(KEY, _ACCOUNT_READ, State.UNKNOWN, _ACCOUNT_UNKNOWN)
        return
    yield Finding(KEY, _ACCOUNT, State.OK, names={"name": found.name or found.id})


@about(_("The zone can be read"))
def check_zone(deadline: Deadline) -> Iterator[Finding]:
    zone = account.zone(deadline=deadline)
    names = {"name": zone.name, "status": zone.status, "plan": zone.plan.legacy_id if zone.plan else ""}
    if zone.paused or zone.status not in ("active", ""):
        yield Finding(KEY, _ZONE, State.FAILED, _PAUSED if zone.paused else _NOT_ACTIVE, names)
    else:
        allowed = CloudflareCdn().limits(deadline=deadline)
        said = _PLAN if allowed.plan else _PLAN_UNKNOWN
        yield Finding(KEY, _ZONE, State.OK, said, {**names, "burst": str(allowed.burst)})
    for permission, subject in RIGHTS.items():
        has = permission in (zone.permissions or [])
        yield Finding(KEY, subject, State.OK if has else State.UNKNOWN, "" if has else _RIGHT_UNKNOWN)


@about(_RECORDS)
def check_records(deadline: Deadline) -> Iterator[Finding]:
    # The apex: any name would do, as what counts is that a list is answered at all.
    leading_records(account.zone(deadline=deadline).name, deadline=deadline)
    yield Finding(KEY, _RECORDS, State.OK)


@about(_QUEUE)
def check_queue(deadline: Deadline) -> Iterator[Finding]:
    queue = CloudflareQueue()
    consumer = queue.consumer(deadline=deadline)
    if not consumer.can_be_pulled:
        yield Finding(KEY, _QUEUE, State.FAILED, _NOT_PULLED)
        return
    waiting = queue.backlog(deadline=deadline).count
    names = {"attempts": str(consumer.most_attempts or "?"), "count": str(waiting)}
    yield Finding(KEY, _QUEUE, State.OK, _WAITING if consumer.dead_letter_queue else _NO_DEAD_LETTERS, names)


@about(_("The bucket tells the queue of every change"))
def check_rules(deadline: Deadline) -> Iterator[Finding]:
    bucket = credential("r2", "bucket", operation=_("read which changes are told"))
    rules = CloudflareQueue().rules(bucket, deadline=deadline)
    told = {action for rule in rules if not rule.prefix and not rule.suffix for action in rule.actions}
    missing = [action for action in WRITES + DELETIONS if action not in told]
    names = {"name": bucket, "actions": ", ".join(missing)}
    yield Finding(KEY, _RULES, State.FAILED if missing else State.OK, _MISSING if missing else "", names)


def names_exist(names: Sequence[str]) -> Check:
    """A check that each of these names, those of a plan, has one record that can be pointed elsewhere."""

    @about(_RECORDS)
    def check_names(deadline: Deadline) -> Iterable[Finding]:
        for name in names:
            try:
                yield _name(name, deadline)
            except ProviderError as error:
                yield finding_of(error, KEY, _NAME, name=name)
                if error.problem in (Problem.CREDENTIALS, Problem.UNREACHABLE, Problem.SETTINGS):
                    return

    return check_names


def _name(name: str, deadline: Deadline) -> Finding:
    found = leading_records(name, deadline=deadline)
    if len(found) != 1:
        return Finding(KEY, _NAME, State.FAILED, _SEVERAL if found else _NONE, {"name": name})
    record = found[0]
    slow = not record.proxied and record.ttl > LONGEST_TTL_SECONDS
    said = {"name": name, "type": record.type, "content": record.content, "ttl": str(record.ttl)}
    return Finding(KEY, _NAME, State.FAILED if slow else State.OK, _LONG_TTL if slow else _CONTENT, said)


CHECKS: tuple[Check, ...] = (check_token, check_account, check_zone, check_records, check_queue, check_rules)

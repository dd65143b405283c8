"""Send what is due: claimed by one, handed over once, and whatever became of it written down.

A worker may be killed at any point. In the transaction that claims a message it writes `handed_over_at`; while that is
empty, nothing can have arrived. Once it is written and the worker is gone, the next one asks the channel whether it
arrived, unless the receiver knows repeats; where nobody can tell, it was perhaps sent, and the next channel is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from django.db import OperationalError
from django.utils.translation import gettext_noop as _

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.notifications import bundles, claims, drills, outcomes, patience
from dr_console.notifications.channels import Way, way
from dr_console.notifications.claims import Claim
from dr_console.notifications.claims import due as due
from dr_console.notifications.events import Kind, record, record_try, tell
from dr_console.notifications.models import Delivery
from dr_console.notifications.together import write_together
from dr_console.operations.clock import shared_now
from dr_console.providers.budgets import recovery
from dr_console.providers.deadlines import Deadline, looks
from dr_console.web.sentences import sentence

log = structlog.get_logger(__name__)

State = Delivery.State
CALL_SECONDS = 10.0
WRITE_SECONDS = 15.0
# How long a channel may need to show what it has taken.
SETTLE_SECONDS = 5.0
HOLD_SECONDS = 5.0


def send(id: int) -> str:
    """Send one message if it is due and nobody else is at it. Returns its state then; "" where there was nothing to do.

    Harmless to call at any time, by anybody, as often as wanted.
    """
    delivery = Delivery.objects.filter(pk=id).first()
    claim = claims.claim(delivery) if delivery else None
    return _carry_out(claim) if claim else ""


def _carry_out(claim: Claim) -> str:
    delivery = claim.delivery
    if drills.is_simulated(delivery):
        return _end(delivery, State.SENT, sentence(_("Only written down: drills do not use this channel.")))
    with recovery():
        channel, deadline = way(delivery.channel), Deadline.after(CALL_SECONDS)
        if claim.may_have_arrived:
            return _look_first(delivery, channel, deadline)
        return _say(delivery, channel, deadline)


def _look_first(delivery: Delivery, channel: Way, deadline: Deadline) -> str:
    """Whoever tried before cannot tell whether it arrived."""
    if delivery.attempts > patience.MOST_ATTEMPTS:  # one that ends whoever sends it is not sent for ever
        return _end(delivery, State.UNKNOWN)
    try:
        found = "" if channel.may_repeat() else channel.find(delivery, deadline=deadline)
    except ProviderError as error:
        return _ask_later(delivery, error)
    if found is None:
        return _end(delivery, State.UNKNOWN, delivery.error)
    if found:
        said = sentence(_("The channel was asked: it had arrived."))
        return _end(delivery, State.SENT, said, provider_ref=found[:200], error=None)
    return _say(delivery, channel, deadline) if claims.hand_over(delivery) else ""


def _say(delivery: Delivery, channel: Way, deadline: Deadline) -> str:
    may_repeat = False
    try:
        may_repeat = channel.may_repeat()
        reference = channel.send(delivery, deadline=deadline)
    except ProviderError as error:
        return _not_sent(delivery, error, may_repeat=may_repeat)
    return _end(delivery, State.SENT, tried=True, provider_ref=reference[:200], error=None)


def _ask_later(delivery: Delivery, error: ProviderError) -> str:
    """Nobody could say whether an earlier try has arrived: nothing was sent now."""
    if error.permanent:
        return _end(delivery, State.UNKNOWN, error.facts(), error=error.facts())
    return _later(delivery, error, seconds=max(error.retry_after or 0, SETTLE_SECONDS), tried=False)


def _not_sent(delivery: Delivery, error: ProviderError, *, may_repeat: bool) -> str:
    """Try again later, look later whether it arrived, or give up."""
    may_have_arrived = error.outcome is Outcome.UNKNOWN
    if may_have_arrived and not may_repeat:
        return _later(delivery, error, seconds=SETTLE_SECONDS)
    handed_over_at = delivery.handed_over_at if may_have_arrived else None
    if error.problem is Problem.THROTTLED:  # whoever is told to wait has not failed
        again = {"attempts": delivery.attempts - 1, "handed_over_at": handed_over_at}
        return _later(delivery, error, seconds=error.retry_after or HOLD_SECONDS, tried=False, **again)
    pause = patience.pause(delivery.attempts, is_page=bundles.is_page(delivery))
    if error.permanent or pause is None:
        return _given_up(delivery, error, may_have_arrived=may_have_arrived)
    return _later(delivery, error, seconds=max(error.retry_after or 0, pause), handed_over_at=handed_over_at)


def _given_up(delivery: Delivery, error: ProviderError, *, may_have_arrived: bool, tried: bool = True) -> str:
    state = State.UNKNOWN if may_have_arrived else State.FAILED
    return _end(delivery, state, error.facts(), tried=tried, error=error.facts())


def _later(delivery: Delivery, error: ProviderError, *, seconds: float, tried: bool = True, **fields: Any) -> str:
    at = shared_now() + timedelta(seconds=seconds)
    if patience.is_over(at, delivery.give_up_at, has_another_way=bundles.has_another_way(delivery)):
        left_open = fields.get("handed_over_at", delivery.handed_over_at)
        return _given_up(delivery, error, may_have_arrived=bool(left_open), tried=tried)
    _write(delivery, partial(_put_back, delivery, error, tried=tried, not_before=at, **fields))
    return State.QUEUED


def _put_back(delivery: Delivery, error: ProviderError, *, tried: bool, **fields: Any) -> None:
    if not claims.mine(delivery).update(state=State.QUEUED, lease_until=None, error=error.facts(), **fields):
        return
    was_held = (delivery.error or {}).get("problem") == Problem.THROTTLED
    if tried:
        record_try(delivery, Kind.LOST if error.outcome is Outcome.UNKNOWN else Kind.REFUSED, error.facts())
    elif not was_held:  # once, however often the vendor says it
        record(delivery, Kind.HELD, error.facts())
    delivery.refresh_from_db()
    bundles.follow(delivery)
    tell(delivery)


def _end(
    delivery: Delivery, state: State, said: Mapping[str, Any] | None = None, *, tried: bool = False, **fields: Any
) -> str:
    def end() -> None:
        if not outcomes.settle(claims.mine(delivery), delivery, state, said, tried=tried, **fields):
            _add_name(delivery, str(fields.get("provider_ref", "")))

    _write(delivery, end)
    return state


def _add_name(delivery: Delivery, name: str) -> None:
    """A report or an answer has come before the channel's own: it stays, and only the vendor's name of it is added."""
    already = (State.DELIVERED, State.ACKNOWLEDGED, State.FAILED)
    same = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state__in=already, provider_ref="")
    if name and same.update(provider_ref=name):
        record_try(delivery, Kind.ACCEPTED)


def _write(delivery: Delivery, change: Callable[[], None]) -> None:
    """Write what became of it, also where the database is busy: what has been sent must not be sent again."""
    for _pause in looks(Deadline.after(WRITE_SECONDS), first=0.1, longest=1.0):
        try:
            write_together(change)
            return
        except OperationalError as error:
            log.warning("the database is busy: what became of a message is written later", error=str(error).strip())
    log.error("what became of a message could not be written", delivery=delivery.pk)

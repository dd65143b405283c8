"""Carry out steps: look, write down what is intended, act, look whether it took effect. May be killed anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.utils.timezone import now

from dr_console.errors import ProviderError
from dr_console.providers.budgets import recovery
from dr_console.providers.calls import heard_by
from dr_console.runs import claims, doorbell, foresight, registry, wording
from dr_console.runs.attempts import Attempt
from dr_console.runs.changes import Lost, changing
from dr_console.runs.claims import Claim
from dr_console.runs.leases import keeper
from dr_console.runs.models import Step
from dr_console.runs.points import reached
from dr_console.runs.registry import Context, Idempotency, Observation, Sight
from dr_console.web.sentences import sentence

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.25, 2.0
# What only looks asks health endpoints of our own, which no vendor counts, while users wait for what it sees.
FIRST_PAUSE_OF_LOOKS_SECONDS = 0.05
# Of what was waited for already: so little may be lost by a pause, however long it takes (P1: 0.5 s after 40 s).
PAUSE_SHARE = 1 / 150
# However late it is: without one look nobody knows what is.
LEAST_CALL_SECONDS = 1.0
ONLY_ONCE = frozenset({Idempotency.NONE})
# Whoever has to wait no longer than this for the next try does so itself.
WAITS_ITSELF_SECONDS = 1.5
LEAVING_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0)
FOUND_BY_LOOKING = frozenset({Idempotency.NONE, Idempotency.TAG_SEARCH})

S = Step.State
log = structlog.get_logger(__name__)


def carry_out(step_id: int) -> bool:
    """Carry out a step that is due, and go on with what it makes due. False where there was nothing to do.

    Any number may be told the same at once, in any process: one of them does it.
    """
    if coming := claims.coming(step_id):
        foresight.look_ahead(*coming)
    claim = claims.take(step_id)
    if claim is None:
        return False
    bell = doorbell.Owed()
    while claim is not None:
        foresight.look_ahead(claim.run, claim.unfinished)
        claim = _carry_out(claim, bell)
    bell.ring()
    return True


def _carry_out(claim: Claim, bell: doorbell.Owed) -> Claim | None:
    """Returns the next step that is ours."""
    step = claim.step
    try:
        function = registry.function(step.does)
    except LookupError:
        _break(claim, sentence(wording.UNKNOWN_FUNCTION, does=step.does))
        return None
    attempt = Attempt(claim, function, bell)
    try:
        with keeper().keeping(claim.lease), recovery(), heard_by(attempt.heard), _Mishap(claim):
            reached("claimed", step.key)
            _go(attempt)
    except Lost:
        log.info("step lost", run=claim.run.code, step=step.key)
        return None
    except (OperationalError, InterfaceError) as error:
        log.warning("step left", run=claim.run.code, step=step.key, error=str(error).strip())
        _leave(claim)
        return None
    return _soon(attempt) if attempt.step.state == S.RETRY_WAIT else attempt.next


def _soon(attempt: Attempt) -> Claim | None:
    """A next try that is due in a moment is waited for here: a sweeper would come up to a second later."""
    step = attempt.step
    wait = (step.not_before - now()).total_seconds() if step.not_before else 0.0
    if wait > WAITS_ITSELF_SECONDS:
        return None
    attempt.bell.ring()
    time.sleep(max(0.0, wait))
    return claims.take(step.pk)


def _go(attempt: Attempt) -> None:
    if attempt.step.acted_at is not None:
        _verify(attempt)
    elif attempt.function.only_looks and not attempt.is_undo:
        _watch(attempt)
    else:
        _change(attempt)


def _change(attempt: Attempt) -> None:
    seen = _look(attempt)
    if seen is None:
        return
    reached("observed", attempt.step.key)
    if seen.sight is Sight.MATCHES:
        attempt.succeed(seen)
    elif seen.sight is Sight.NOT_NEEDED:
        attempt.end_run(seen)
    elif _may_act(attempt, seen) and attempt.intend(seen):
        reached("intended", attempt.step.key)
        if _act(attempt, seen):
            reached("recorded", attempt.step.key)
            _verify(attempt)


def _may_act(attempt: Attempt, seen: Observation) -> bool:
    """After an answer that was lost: whether it may be done again. If not, the step says what comes of that."""
    step, function = attempt.step, attempt.function
    if step.intent_at is None:
        return True
    settled = step.intent_at + timedelta(seconds=function.settle_seconds)
    if now() < settled:
        attempt.wait(settled, sentence(wording.SETTLING, until=f"{settled:%H:%M:%S}"))
        return False
    cannot_tell = seen.sight is Sight.UNKNOWABLE and function.idempotency in FOUND_BY_LOOKING
    if cannot_tell or function.idempotency in ONLY_ONCE:
        attempt.fail(S.UNKNOWN, sentence(wording.CANNOT_TELL), error=step.error)
        return False
    if step.attempt > step.max_attempts:
        attempt.fail(S.FAILED, sentence(wording.NOT_DONE), error=step.error)
        return False
    return True


def _look(attempt: Attempt) -> Observation | None:
    """None where a vendor did not let us; the step says what comes of that."""
    try:
        return _observing(attempt)(_context(attempt))
    except ProviderError as error:
        attempt.failed(error, is_acting=False)
        return None


def _act(attempt: Attempt, seen: Observation) -> bool:
    function, seconds = attempt.function, attempt.function.call_seconds
    act = function.undo if attempt.is_undo else function.act
    if not attempt.lease.is_good_for(seconds):
        raise Lost(attempt.step)
    try:
        effect = act(attempt.context(seconds, seen=seen))
    except ProviderError as error:
        attempt.failed(error, is_acting=True)
        return False
    reached("acted", attempt.step.key)
    attempt.acted(effect or {})
    attempt.bell.ring()
    return True


def _verify(attempt: Attempt) -> None:
    """Look for the effect until it is there. Never acts again."""
    step, function = attempt.step, attempt.function
    assert step.acted_at is not None
    limit = min(function.verify_seconds, float(step.timeout_seconds))
    verify = function.undo_observe if attempt.is_undo else function.verify
    for _ in _looks(attempt):
        seen = _look_or_wait(attempt, verify)
        if attempt.step.state != S.RUNNING:
            return
        if seen is not None and seen.sight is Sight.MATCHES:
            reached("verified", step.key)
            attempt.succeed(seen)
            return
        waited = (now() - step.acted_at).total_seconds()
        if waited >= limit:
            said = sentence(wording.NOT_SEEN, seconds=int(waited))
            attempt.fail(S.FAILED, said, error={"said": said})
            return


def _watch(attempt: Attempt) -> None:
    """Look until it is as wanted, or the step's time is up."""
    step = attempt.step
    assert step.deadline is not None
    for _ in _looks(attempt):
        seen = _look_or_wait(attempt, attempt.function.observe)
        if attempt.step.state != S.RUNNING:
            return
        if seen is not None and seen.sight in (Sight.MATCHES, Sight.NOT_NEEDED):
            reached("verified", step.key)
            (attempt.succeed if seen.sight is Sight.MATCHES else attempt.end_run)(seen)
            return
        if now() >= step.deadline:
            said = seen.said if seen and seen.said else sentence(wording.OUT_OF_TIME, seconds=step.timeout_seconds)
            attempt.out_of_time(said)
            return


def _look_or_wait(attempt: Attempt, look: Callable[[Context], Observation]) -> Observation | None:
    """One look among many: what passes is waited for, what is for ever ends the step."""
    try:
        seen = look(_context(attempt))
    except ProviderError as error:
        if error.permanent:
            attempt.failed(error, is_acting=False)
        return None
    if seen.sight is not Sight.MATCHES:
        attempt.say(seen.said)
    return seen


def _looks(attempt: Attempt) -> Iterator[None]:
    """Come round at once, then at pauses that grow, for as long as the run wants it and the step is ours."""
    began = time.monotonic()
    first = FIRST_PAUSE_OF_LOOKS_SECONDS if attempt.function.only_looks else FIRST_PAUSE_SECONDS
    while True:
        yield
        attempt.bell.ring()
        waited = time.monotonic() - began
        time.sleep(min(max(first, waited * PAUSE_SHARE), LONGEST_PAUSE_SECONDS))
        if attempt.lease.is_lost:
            raise Lost(attempt.step)
        if not attempt.is_wanted():
            return


def _observing(attempt: Attempt) -> Callable[[Context], Observation]:
    return attempt.function.undo_observe if attempt.is_undo else attempt.function.observe


def _context(attempt: Attempt) -> Context:
    """For one look: no longer than a call may take, and than the step has."""
    left = attempt.function.call_seconds
    if attempt.step.deadline is not None:
        left = min(left, (attempt.step.deadline - now()).total_seconds())
    return foresight.added(attempt, attempt.context(max(left, LEAST_CALL_SECONDS)))


class _Mishap:
    """A mistake in a step function does not leave the step hanging: the step ends, and the mistake goes on its way."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, Lost | OperationalError | InterfaceError):
            _break(self._claim, sentence(wording.BROKEN, error=f"{type(error).__name__}: {error}"[:300]))


def _leave(claim: Claim) -> None:
    """Nothing could be written: let whoever comes next have the step at once, if that much can be."""
    mine = Step.objects.filter(pk=claim.step.pk, fence=claim.lease.fence, state=S.RUNNING)
    for pause in LEAVING_PAUSES_SECONDS:
        time.sleep(pause)
        try:
            mine.update(lease_until=now() - timedelta(seconds=1))
            return
        except (OperationalError, InterfaceError):
            connection.close()


def _break(claim: Claim, said: dict[str, object]) -> None:
    with changing(claim.run.pk) as change:
        step = change.by_id[claim.step.pk]
        if step.fence != claim.lease.fence or step.state != S.RUNNING:
            return
        is_open = step.intent_at is not None and step.acted_at is None
        state = S.ROLLBACK_FAILED if step.undoes_id else S.UNKNOWN if is_open else S.FAILED
        change.move(step, state, said, error={"said": said})

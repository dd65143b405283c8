"""What one step says while it is carried out: each write is one transaction, and only while the step is still ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext_noop as _

from dr_console.errors import ProviderError
from dr_console.providers.calls import Call
from dr_console.providers.deadlines import Deadline
from dr_console.runs import claims, clocks, failures, interlocks, wording
from dr_console.runs.changes import Change, Lost, changing
from dr_console.runs.claims import Claim
from dr_console.runs.doorbell import Owed
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Context, Facts, Observation, StepFunction
from dr_console.web.sentences import Sentence, sentence

S, R = Step.State, Run.State
BLOCKED_SECONDS = 1.0
MOST_CALLS_KEPT = 40


def told(run: Run, step: Step, seconds: float) -> Context:
    """What the function of a step is told that has not begun, with so much time for one call."""
    return Context(
        run_code=run.code,
        subject=run.subject,
        reference=" ".join(filter(None, [str(run.context.get("reference", "")), run.code, f"g{run.generation}"])),
        context=run.context,
        key=step.key,
        parameters=step.parameters,
        token=step.token,
        deadline=Deadline.after(seconds),
        is_practice=run.is_practice,
    )


class Heard:
    """Calls to vendors, until they are logged. Of the same one, many times over, the last is kept, and the count."""

    def __init__(self) -> None:
        self._calls: dict[tuple[Any, ...], tuple[Call, int]] = {}

    def __call__(self, call: Call) -> None:
        same = (call.vendor, call.operation, call.method, call.url, call.status, call.problem, call.code)
        _last, count = self._calls.pop(same, (call, 0))
        if len(self._calls) < MOST_CALLS_KEPT:
            self._calls[same] = (call, count + 1)

    def log(self, change: Change, step: Step) -> None:
        for call, count in self._calls.values():
            change.log("call", step=step, at=call.began_at, **_facts(call), times=count)
        self._calls.clear()


class Attempt:
    """A claim, and what is written while it lasts. Every method raises Lost once the step is somebody else's."""

    def __init__(self, claim: Claim, function: StepFunction, bell: Owed | None = None) -> None:
        self.bell = bell or Owed()
        self.claim, self.function = claim, function
        self.step, self.run, self.lease = claim.step, claim.run, claim.lease
        self.heard = Heard()
        # The step that became due by the end of this one, and is ours too.
        self.next: Claim | None = None

    @property
    def is_undo(self) -> bool:
        return self.step.undoes_id is not None

    @contextmanager
    def writing(self) -> Iterator[tuple[Change, Step]]:
        """One transaction on the run, with the step as it is now and ours."""
        with changing(self.run.pk) as change:
            step = change.by_id[self.step.pk]
            if not self.is_ours(step):
                self.lease.is_lost = True
                raise Lost(step)
            self.heard.log(change, step)
            yield change, step
        self.step, self.run = step, change.run
        self.bell.is_owed |= change.owes_ring

    def is_ours(self, step: Step) -> bool:
        """Whether nobody has claimed it since we did."""
        return step.fence == self.lease.fence and step.state == S.RUNNING

    def context(self, seconds: float, *, seen: Observation | None = None) -> Context:
        """What the step function is told, with so much time for one call."""
        step = self.step
        undone = step.undoes if self.is_undo else None
        return replace(
            told(self.run, step, seconds),
            key=undone.key if undone else step.key,
            before=step.before,
            effect=undone.effect if undone else step.effect,
            results=self.claim.results,
            say=self.say,
            seen=seen,
        )

    def say(self, said: Sentence) -> None:
        """Tell people at once how far it is."""
        if said and said != self.step.said:
            with self.writing() as (change, step):
                change.set(step, said=said)

    def is_wanted(self) -> bool:
        """Whether the run still wants it; if not, the step has been put where the run wants it."""
        state = Run.objects.filter(pk=self.run.pk).values_list("state", flat=True).get()
        if state not in (R.PAUSING, R.ABORTING):
            return True
        with self.writing() as (change, step):
            return not self._stopped(change, step)

    def intend(self, seen: Observation) -> bool:
        """Write down that it is about to act, and what was before. False if it may not: the step says why."""
        with self.writing() as (change, step):
            if self._stopped(change, step) or self._is_held_back(change, step) or self._is_late(change, step):
                return False
            before = seen.before if step.before is None else step.before
            began = clocks.steady()
            change.set(
                step,
                phase=Step.Phase.ACT,
                intent_at=change.at,
                before=before,
                said=sentence(wording.ACTING),
                lease_until=clocks.lease_end(),
            )
            change.log("intended", seen.said, step=step, token=step.token, now=seen.now, wanted=seen.wanted)
        self.lease.renewed(began)
        return True

    def acted(self, effect: Facts) -> None:
        with self.writing() as (change, step):
            said = sentence(wording.VERIFYING)
            change.set(step, phase=Step.Phase.VERIFY, acted_at=change.at, effect=effect, said=said)
            change.log("acted", said, step=step, effect=effect)

    def succeed(self, seen: Observation) -> None:
        with self.writing() as (change, step):
            text = wording.SEEN if step.acted_at else wording.ADOPTED if step.intent_at else wording.WAS_SO
            is_noop = step.intent_at is None and not self.function.only_looks
            after = {**seen.now, **seen.extra}
            change.takes = partial(self._take, change)
            change.move(step, S.SUCCEEDED, seen.said or sentence(text), after=after, is_noop=is_noop, error=None)
            if self.is_undo and step.undoes is not None:
                original = change.by_id[step.undoes.pk]
                change.move(original, S.ROLLED_BACK, sentence(_("Put back to what was before.")))

    def end_run(self, seen: Observation) -> None:
        """The run has no reason any more: it ends well, with nothing else done."""
        with self.writing() as (change, step):
            change.move(step, S.SUCCEEDED, seen.said, after={**seen.now, **seen.extra}, error=None)
            change.run.state, change.run.ends_as, change.run.said = R.ABORTING, R.NOT_NEEDED, seen.said

    def fail(self, state: Step.State, said: Sentence, *, error: Facts | None = None, **fields: Any) -> None:
        """It ends without success, as the plan wants it: the run stops, or goes on all the same."""
        with self.writing() as (change, step):
            self._end_badly(change, step, state, said, error=error, **fields)

    def failed(self, error: ProviderError, *, is_acting: bool) -> None:
        """A vendor said no, or nothing."""
        with self.writing() as (change, step):
            verdict = failures.judge(error, self._situation(change, step, is_acting))
            until = change.at + timedelta(seconds=verdict.wait)
            said = wording.of_failure(error, verdict, until)
            fields: dict[str, Any] = {} if verdict.keeps_intent or not is_acting else self._nothing_happened()
            if verdict.state != S.RETRY_WAIT:
                self._end_badly(change, step, verdict.state, said, error=error.facts(), **fields)
                return
            attempt = step.attempt if verdict.costs_attempt else step.attempt - 1
            change.move(step, S.RETRY_WAIT, said, error=error.facts(), not_before=until, attempt=attempt, **fields)

    def wait(self, until: datetime, said: Sentence) -> None:
        """Look again then. It costs no try."""
        with self.writing() as (change, step):
            change.move(step, S.RETRY_WAIT, said, not_before=until, attempt=step.attempt - 1)

    def out_of_time(self, said: Sentence) -> None:
        with self.writing() as (change, step):
            self._try_again_or(change, step, S.TIMED_OUT, said)

    def _take(self, change: Change, step: Step) -> bool:
        self.next = claims.take_within(change, step)
        return self.next is not None

    def _try_again_or(self, change: Change, step: Step, state: Step.State, said: Sentence) -> None:
        if step.attempt >= step.max_attempts:
            self._end_badly(change, step, state, said, error={"said": said})
            return
        until = change.at + timedelta(seconds=failures.pause(step.attempt, step.interval_seconds))
        change.move(step, S.RETRY_WAIT, said, not_before=until)

    def _end_badly(
        self, change: Change, step: Step, state: Step.State, said: Sentence, *, error: Facts | None, **fields: Any
    ) -> None:
        change.takes = partial(self._take, change)
        if self.is_undo:
            change.move(step, S.ROLLBACK_FAILED, said, error=error, **fields)
            if step.undoes is not None:
                change.move(change.by_id[step.undoes.pk], S.ROLLBACK_FAILED, said)
            return
        ends_as = S.FAILED_IGNORED if step.on_failure == "continue" else state
        change.move(step, ends_as, said, error=error, data={"was": state.value}, **fields)
        if ends_as != S.FAILED_IGNORED:
            change.run.said = sentence(_("“%(step)s” failed. %(why)s"), step=step.titles, why=said)

    def _stopped(self, change: Change, step: Step) -> bool:
        if change.run.state == R.PAUSING:
            change.move(step, S.READY, sentence(wording.HANDED_BACK), attempt=step.attempt - 1)
        elif change.run.state == R.ABORTING:
            change.move(step, S.CANCELLED, sentence(wording.NOT_ANY_MORE))
        else:
            return False
        return True

    def _is_held_back(self, change: Change, step: Step) -> bool:
        switch = interlocks.holding(change.run.subject)
        if switch is not None:
            said = sentence(wording.KILL_SWITCH, name=switch.name)
            change.move(step, S.READY, said, attempt=step.attempt - 1)
            return True
        held = interlocks.lock_resources(change.run, change.steps.values(), step)
        if held is None:
            return False
        said = sentence(wording.WAITS_FOR_RUN, run=held.run.code, what=held.name)
        until = change.at + timedelta(seconds=BLOCKED_SECONDS)
        change.move(step, S.RETRY_WAIT, said, not_before=until, attempt=step.attempt - 1)
        return True

    def _is_late(self, change: Change, step: Step) -> bool:
        if step.deadline is None or change.at <= step.deadline:
            return False
        self._try_again_or(change, step, S.TIMED_OUT, sentence(wording.OUT_OF_TIME, seconds=step.timeout_seconds))
        return True

    def _situation(self, change: Change, step: Step, is_acting: bool) -> failures.Situation:
        return failures.Situation(
            is_acting=is_acting,
            attempt=step.attempt,
            max_attempts=step.max_attempts,
            interval=step.interval_seconds,
            settle=self.function.settle_seconds,
            is_open=step.intent_at is not None and step.acted_at is None,
            waited=(change.at - (step.started_at or change.at)).total_seconds(),
        )

    def _nothing_happened(self) -> dict[str, Any]:
        """What is forgotten when a vendor has said for certain that nothing was done. An undo keeps what was before."""
        return {"intent_at": None} if self.is_undo else {"intent_at": None, "before": None}


def _facts(call: Call) -> Facts:
    return {
        "vendor": call.vendor,
        "operation": call.operation,
        "method": call.method,
        "url": call.url,
        "attempt": call.attempt,
        "seconds": round(call.seconds, 3),
        "status": call.status,
        "problem": call.problem,
        "code": call.code,
    }

"""One transaction on one run: its row is locked, what changed is logged, and what follows is done at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.timezone import now

from dr_console.live.publish import nudge
from dr_console.runs import doorbell, events, machine, undoing
from dr_console.runs.approvals import ask_for, open_keys
from dr_console.runs.models import Outbox, ResourceLock, Run, Step, StepEvent
from dr_console.runs.registry import Facts
from dr_console.web.sentences import Sentence

# What a person who looks at the page should not have missed when giving a command.
NOTEWORTHY = machine.STUCK | {Step.State.WAITING_APPROVAL, Step.State.ROLLBACK_FAILED}

KEPT = ("state", "version", "said", "ends_as", "ended_at", "deadline")


class Lost(Exception):
    """The step is no longer ours: somebody else has claimed it, or a person has decided otherwise."""


class Change:
    """What is done to a run within one transaction. `at`: the moment of it."""

    def __init__(self, run: Run) -> None:
        self.run, self.at = run, now()
        self.steps = {step.key: step for step in run.steps.select_related("undoes")}
        self.by_id = {step.pk: step for step in self.steps.values()}
        # Whoever ends a step goes on with the next one itself: it is taken here, and neither rung for nor lost time on.
        self.takes: Callable[[Step], bool] | None = None
        # Somebody has yet to be told that the outbox holds something.
        self.owes_ring = False
        self._events: list[StepEvent] = []
        self._ended: list[tuple[Step, str]] = []
        self._was, self._facts = run.state, _facts(run)
        self._touched = False
        self._number = 0

    def log(
        self,
        kind: str,
        said: Sentence | None = None,
        *,
        step: Step | None = None,
        by: User | None = None,
        at: datetime | None = None,
        **data: Any,
    ) -> None:
        """One line of the run's log."""
        key, fence = (step.key, step.fence) if step else ("", 0)
        self._events.append(
            StepEvent(at=at or self.at, step=key, fence=fence, kind=kind, said=said or {}, data=data, by=by)
        )

    def set(self, step: Step, **fields: Any) -> None:
        """Write fields of a step, if nobody has claimed it meanwhile. Raises Lost, and nothing at all is written."""
        mine = Step.objects.filter(pk=step.pk, fence=step.fence, state=step.state)
        if not mine.update(**fields):
            raise Lost(step)
        for name, value in fields.items():
            setattr(step, name, value)
        self._touched = True

    def move(
        self, step: Step, state: Step.State, said: Sentence | None = None, *, data: Facts | None = None, **fields: Any
    ) -> None:
        """Bring a step into a state, with a line in the log."""
        if said is not None:
            fields["said"] = said
        if state != Step.State.RUNNING:
            fields |= {"phase": "", "owner": "", "lease_until": None}
        if state in Step.ENDED:
            fields |= {"ended_at": self.at, "not_before": None}
        elif state == Step.State.READY:
            fields |= {"ready_at": self.at, "ended_at": None}
        self.set(step, state=state, **fields)
        if state in NOTEWORTHY:
            self.run.version += 1
        if state in Step.ENDED or state == Step.State.UNKNOWN:
            self._ended.append((step, state))
        self.log(state.value, said, step=step, **(data or {}))

    def finish(self) -> None:
        """Do what follows, and tell everybody. The last thing in the transaction."""
        self._follow()
        if not (self._touched or self._events or self.run.state != self._was):
            return
        self._save_run()
        due = self._due()
        if self.takes is not None and due and self.takes(self.by_id[due[0]]):
            del due[0]
        self._number = events.append(self.run, self._events)
        self._tell_outbox()
        if due:
            transaction.on_commit(lambda: doorbell.ring(due), robust=True)
        for topic in sorted({self.run.topic, *self.run.topics}):
            nudge(topic, "run")

    def _follow(self) -> None:
        """Until nothing follows any more."""
        for _ in range(len(self.steps) + 4):
            outcome = machine.follow(Run.State(self.run.state), self.nodes(), ends_as=self.run.ends_as)
            for key, state in outcome.steps.items():
                step = self.steps[key]
                self.move(step, state)
                if state == Step.State.WAITING_APPROVAL:
                    ask_for(step, at=self.at)
            begins_undo = outcome.run == Run.State.ROLLING_BACK and self.run.state == Run.State.ABORTING
            if begins_undo:
                self.steps |= {step.key: step for step in undoing.make_steps(self.run, self.steps.values())}
            if outcome.run == self.run.state and not outcome.steps:
                return
            self.run.state = outcome.run

    def nodes(self) -> list[machine.Node]:
        waiting = open_keys(self.run) if any(step.needs_approval for step in self.steps.values()) else set()
        return [machine.Node.of(step, asks=step.key in waiting) for step in self.steps.values()]

    def _save_run(self) -> None:
        run = self.run
        if run.state != self._was:
            run.version += 1
            self.log(f"run_{run.state}", run.said)
        run.ended_at = None if run.is_active else run.ended_at or self.at
        if not run.is_active:
            ResourceLock.objects.filter(run=run).delete()
        if _facts(run) != self._facts:
            run.save(update_fields=KEPT)

    def _tell_outbox(self) -> None:
        number, code = self._number, self.run.code
        rows = [
            Outbox(
                topic="step.ended",
                payload={"run": code, "step": step.key, "state": state},
                dedup_key=f"step.ended:{code}:{step.key}:{number}",
            )
            for step, state in self._ended
        ]
        if self.run.state != self._was:
            payload = {"run": code, "state": self.run.state, "kind": self.run.kind}
            rows.append(Outbox(topic="run.changed", payload=payload, dedup_key=f"run.changed:{code}:{number}"))
        if rows:
            Outbox.objects.bulk_create(rows)
            # Whoever goes on rings when it waits for something anyway: to hand over takes time that users would lose.
            self.owes_ring = self.takes is not None
            if not self.owes_ring:
                transaction.on_commit(doorbell.ring_for_outbox, robust=True)

    def _due(self) -> list[int]:
        """Steps that could be begun now, the most urgent first."""
        state, nodes = Run.State(self.run.state), self.nodes()
        known = {node.key: node for node in nodes if not node.is_undo or state == Run.State.ROLLING_BACK}
        return [
            self.steps[key].pk
            for key in machine.by_urgency(known.values())
            if self.steps[key].state == Step.State.READY and machine.may_begin(state, known[key])
        ]


@contextmanager
def changing(run_id: int) -> Iterator[Change]:
    """Everything in the block is one transaction, and `finish` is its end. Raises Run.DoesNotExist."""
    with transaction.atomic():
        change = Change(Run.objects.select_for_update().get(pk=run_id))
        yield change
        change.finish()


def _facts(run: Run) -> list[Any]:
    """What of a run changes while it is carried out."""
    return [getattr(run, name) for name in KEPT]

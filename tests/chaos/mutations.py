"""The engine with one of its guards taken out: the tests have to notice each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Q
from django.utils.timezone import now

from dr_console.runs import attempts, changes, claims, executor, leases, machine
from dr_console.runs.models import Step
from dr_console.runs.registry import Observation, Sight

Patch = Callable[[Any, str, Any], None]


def without_observe(patch: Patch) -> None:
    """It acts without looking first: the naive loop that most tools are."""
    look = executor._look

    def blind(attempt: attempts.Attempt) -> Observation | None:
        seen = look(attempt)
        return seen and Observation(Sight.DIFFERS, seen.now, seen.wanted, before=seen.before)

    patch(executor, "_look", blind)
    patch(executor, "_may_act", lambda attempt, seen: True)


def without_settle(patch: Patch) -> None:
    """After a lost answer it looks at once, when nothing shows yet, and acts again."""
    patch(executor, "_may_act", lambda attempt, seen: True)


def without_intent(patch: Patch) -> None:
    """Nothing is written before it acts."""
    patch(attempts.Attempt, "intend", lambda self, seen: True)


def without_lease(patch: Patch) -> None:
    """It takes what another is at."""
    patch(claims, "due", lambda dead=(): Q(state__in=("ready", "retry_wait", "running")))


def without_fence(patch: Patch) -> None:
    """Who has lost a step does not notice, and goes on with it."""

    def careless(self: changes.Change, step: Step, **fields: object) -> None:
        Step.objects.filter(pk=step.pk).update(**fields)
        for name, value in fields.items():
            setattr(step, name, value)
        self._touched = True

    patch(changes.Change, "set", careless)
    patch(attempts.Attempt, "is_ours", lambda self, step: True)
    patch(leases.Lease, "is_good_for", lambda self, seconds: True)


def without_dependencies(patch: Patch) -> None:
    """It begins everything at once."""
    patch(machine, "VERDICTS", {**machine.VERDICTS, "success": lambda before: True})


def verify_reacts(patch: Patch) -> None:
    """What is not seen at once is done again, though the vendor has accepted it."""

    def again(attempt: attempts.Attempt) -> None:
        with attempt.writing() as (change, step):
            change.move(step, Step.State.RETRY_WAIT, not_before=now(), acted_at=None, intent_at=None)

    patch(executor, "_verify", again)


def without_orphans(patch: Patch) -> None:
    """Nobody takes over from the dead."""
    due = Q(state__in=("ready", "retry_wait"))
    patch(claims, "due", lambda dead=(): due & (Q(not_before=None) | Q(not_before__lte=now())))


MUTATIONS: dict[str, Callable[[Patch], None]] = {
    "without_observe": without_observe,
    "without_settle": without_settle,
    "without_intent": without_intent,
    "without_lease": without_lease,
    "without_fence": without_fence,
    "without_dependencies": without_dependencies,
    "verify_reacts": verify_reacts,
    "without_orphans": without_orphans,
}

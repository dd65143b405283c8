"""The engine with one of its guards taken out: the checker has to notice each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now

from dr_console.runs import attempts, changes, claims, executor, machine
from dr_console.runs.models import Step
from dr_console.runs.registry import Observation, Sight


def without_observe() -> None:
    """It acts without looking first: the naive loop that most tools are."""
    look = executor._look

    def blind(attempt: attempts.Attempt) -> Observation | None:
        seen = look(attempt)
        return seen and Observation(Sight.DIFFERS, seen.now, seen.wanted, before=seen.before)

    executor._look = blind  # type: ignore[assignment]
    executor._may_act = lambda attempt, seen: True  # type: ignore[assignment]


def without_settle() -> None:
    """After a lost answer it looks at once, when nothing shows yet, and acts again."""
    executor._may_act = lambda attempt, seen: True  # type: ignore[assignment]


def without_intent() -> None:
    """Nothing is written before it acts."""
    executor.Attempt.intend = lambda self, seen: True  # type: ignore[method-assign]


def without_lease() -> None:
    """It takes what another is at."""
    claims.due = lambda dead=(): Q(state__in=("ready", "retry_wait", "running"))  # type: ignore[assignment]


def without_fence() -> None:
    """Who has lost a step goes on with it."""

    def careless(self: changes.Change, step: Step, **fields: object) -> None:
        Step.objects.filter(pk=step.pk).update(**fields)
        for name, value in fields.items():
            setattr(step, name, value)
        self._touched = True

    changes.Change.set = careless  # type: ignore[method-assign, assignment]
    claims._is_claimable = lambda change, step: True  # type: ignore[assignment]


def without_dependencies() -> None:
    """It begins everything at once."""
    machine.VERDICTS["success"] = lambda before: True


def verify_reacts() -> None:
    """What is not seen at once is done again, though the vendor has accepted it."""

    def again(attempt: attempts.Attempt) -> None:
        with attempt.writing() as (change, step):
            until = change.at + timedelta(seconds=0)
            change.move(step, Step.State.RETRY_WAIT, not_before=until, acted_at=None, intent_at=None)

    executor._verify = again  # type: ignore[assignment]


def without_orphans() -> None:
    """Nobody takes over from the dead."""
    claims.due = lambda dead=(): (  # type: ignore[assignment]
        Q(state__in=("ready", "retry_wait")) & (Q(not_before=None) | Q(not_before__lte=now()))
    )


MUTATIONS: dict[str, Callable[[], None]] = {
    "without_observe": without_observe,
    "without_settle": without_settle,
    "without_intent": without_intent,
    "without_lease": without_lease,
    "without_fence": without_fence,
    "without_dependencies": without_dependencies,
    "verify_reacts": verify_reacts,
    "without_orphans": without_orphans,
}

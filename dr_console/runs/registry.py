"""Step functions by name. The apps contribute theirs from AppConfig.ready(); the engine knows only what is here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from threading import RLock
from typing import Any, ClassVar, cast

from django.utils.module_loading import import_string

from dr_console.providers.deadlines import Deadline
from dr_console.web.sentences import Sentence

Facts = dict[str, Any]  # plain JSON values, nothing secret


class Idempotency(StrEnum):
    """What happens if the act is carried out twice, and so what the engine may do after an unknown outcome."""

    NATURAL_SET = "natural_set"  # the same once more
    RESOURCE_CAS = "resource_cas"  # the vendor refuses the second
    CLIENT_TOKEN = "client_token"  # the vendor knows our token
    NAMED_CREATE = "named_create"  # the thing has our name: what exists is adopted
    TAG_SEARCH = "tag_search"  # found again by our mark, once `settle_seconds` have passed
    HARMLESS_REPEAT = "harmless_repeat"  # a second time costs, and changes nothing
    NONE = "none"  # never again: a person has to look


class Sight(StrEnum):
    """What a look at the world found."""

    MATCHES = "matches"  # it is as wanted
    DIFFERS = "differs"
    ABSENT = "absent"
    UNKNOWABLE = "unknowable"  # it cannot be found out whether the act was carried out
    NOT_NEEDED = "not_needed"  # the whole run has no reason any more: it ends well, with nothing else done


@dataclass(frozen=True)
class Observation:
    """`now`: what is, `wanted`: what would be, as facts for people and for the preview's hash. `before`: all that is
    needed to put it back. `said`: a sentence. Facts that change by themselves (ages, counters) belong into `extra`.
    """

    sight: Sight
    now: Facts = field(default_factory=dict)
    wanted: Facts = field(default_factory=dict)
    said: Sentence = field(default_factory=dict)
    before: Facts | None = None
    extra: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """What a step function is told. `reference`: how vendors are told why, "INC-2026-001 3f2a9c11 g4".

    `token`: the same over all attempts of this step. `before`: what `observe` gave when it was decided to act.
    `effect`: what `act` returned, once it has. `results`: what the steps that this one depends on left in `after`,
    by key. `deadline`: of this call. `is_dry`: nothing may be changed. `say`: tell people at once how far it is.

    `ahead`: for the first `observe`, what the look of `look_ahead` found seconds ago; None: look. `seen`: for `act`,
    what `observe` found in the same attempt, a moment ago.
    """

    run_code: str
    subject: str
    reference: str
    context: Facts
    key: str
    parameters: Facts
    token: str
    deadline: Deadline
    before: Facts | None = None
    effect: Facts | None = None
    results: dict[str, Facts] = field(default_factory=dict)
    is_practice: bool = False
    is_dry: bool = False
    say: Callable[[Sentence], None] = lambda said: None
    ahead: Any = None
    seen: Observation | None = None


@dataclass(frozen=True)
class Warning:
    """Something to know before pressing the button. `blocks`: a graceful start is refused because of it."""

    said: Sentence
    blocks: bool = False


@dataclass(frozen=True)
class Preview:
    """What a dry run shows of one step. `calls`: ("PATCH", "Cloudflare", "dns_records/… content=…"), nothing secret.

    `undo`: a sentence, what would undo it; empty: nothing has to be. `seconds`: how long it is expected to take.
    """

    observation: Observation
    calls: tuple[tuple[str, str, str], ...] = ()
    undo: Sentence = field(default_factory=dict)
    warnings: tuple[Warning, ...] = ()
    seconds: float | None = None


class StepFunction(ABC):
    """One kind of step. Stateless: everything is in the context. All methods may raise ProviderError.

    The engine calls `observe`; acts only if that does not match, after it has stored intent and `before`; then calls
    `verify` until it matches. Each of them may be called again, by another process, at any time.
    """

    name: ClassVar[str]  # "failover.point_dns"
    idempotency: ClassVar[Idempotency] = Idempotency.NATURAL_SET
    # It only looks: it is done once `observe` matches, and looked at again until the step's time is up.
    only_looks: ClassVar[bool] = False
    # After a lost answer, wait so long (seconds) before looking whether it happened.
    settle_seconds: ClassVar[float] = 0.0
    # How long one call of `observe` or `act` may take, in seconds.
    call_seconds: ClassVar[float] = 10.0
    # How long to look for the effect before it counts as failed, in seconds; the step's own limit if that is less.
    verify_seconds: ClassVar[float] = 60.0
    irreversible: ClassVar[bool] = False
    drill_safe: ClassVar[bool] = False

    @abstractmethod
    def observe(self, context: Context) -> Observation:
        """Look, and change nothing."""

    def look_ahead(self, context: Context) -> Callable[[], Any] | None:
        """What of `observe` can be asked of vendors while the steps before are still at work, as it is the same before
        and after them; None: nothing. The look that is returned runs in a thread of its own, where it may not use the
        database. What it finds is handed to `observe` as `context.ahead`, unless it is older than a few seconds.
        """
        return None

    def act(self, context: Context) -> Facts:
        """Do it. Returns what the vendor answered, as facts. Raises ProviderError; its outcome decides what follows."""
        raise NotImplementedError

    def verify(self, context: Context) -> Observation:
        """Look whether it took effect."""
        return self.observe(context)

    def undo_observe(self, context: Context) -> Observation:
        """Look whether what was before is again. `context.before` is what it was."""
        raise NotImplementedError

    def undo(self, context: Context) -> Facts:
        """Put back exactly what was before."""
        raise NotImplementedError

    def preview(self, context: Context) -> Preview:
        """What would be done. Only looks."""
        return Preview(self.observe(context))

    def check(self, parameters: Facts) -> list[str]:
        """What is wrong with the parameters, as sentences in the language of the moment; for saving a plan."""
        return []

    def resources(self, parameters: Facts, context: Facts) -> list[str]:
        """Names of what it changes, "dns:api.example.com": no other run may change it meanwhile."""
        return []


_functions: dict[str, StepFunction] = {}
_sources: list[str] = []
_loading = RLock()


def register(*functions: type[StepFunction]) -> None:
    for function in functions:
        _functions[function.name] = function()


def register_from(path: str) -> None:
    """The same for the classes in the tuple at this dotted path, once somebody asks for one.

    To import what speaks to clouds takes a third of a second, which whoever only shows pages can do without.
    """
    with _loading:
        _sources.append(path)


def _load() -> None:
    if not _sources:
        return
    with _loading:
        for path in list(_sources):
            register(*import_string(path))
            # Only now: whoever asks meanwhile has to wait for it.
            _sources.remove(path)


def function(name: str) -> StepFunction:
    """Raises LookupError if no app has registered it."""
    _load()
    try:
        return _functions[name]
    except KeyError:
        raise LookupError(f"There is no step function {name!r}.") from None


def names() -> list[str]:
    _load()
    return sorted(_functions)


# --- Who is told when something about a run happened: handlers of outbox rows, by topic --------------------------
Handler = Callable[[Facts], None]
_handlers: dict[str, Handler | str] = {}


def hand_over(topic: str, handler: Handler | str) -> None:
    """Let `handler` be given the payload of every outbox row of this topic, at least once: it must bear a second time.

    A dotted path is imported when it is first needed.

    The engine itself writes "run.changed" {"run": code, "state": …, "kind": …} at every change of a run's state,
    "step.ended" {"run": code, "step": key, "state": …} at the end of every step, and "step.drifted" {"run": code,
    "step": key, "kind": "drifted" or "as_wanted_again", "number": the so manyth time} when what a step had changed is
    different later.
    """
    _handlers[topic] = handler


def handler(topic: str) -> Handler | None:
    found = _handlers.get(topic)
    return cast(Handler, import_string(found)) if isinstance(found, str) else found


# --- What else has to be looked after every second or two, whether or not Celery is well ----------------------------
_chores: list[Callable[[], object]] = []


def sweep_also(chore: Callable[[], object]) -> None:
    """Have `chore` called in every round of every sweeper, in several processes at once: it must bear that."""
    if chore not in _chores:
        _chores.append(chore)


def chores() -> list[Callable[[], object]]:
    return list(_chores)

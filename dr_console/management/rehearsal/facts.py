"""What a rehearsal knows in the end: what was agreed, what the console says, and what really happened."""

from __future__ import annotations

from dataclasses import dataclass, field

# Agreement is judged in the world's seconds. Beside what the console's clock allows, users are asked once a second.
USERS_SECONDS = 2.0
# The longest pause between two looks of a step that verifies.
LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Terms:
    """What is rehearsed, how fast, and what counts as good. `speed`: the world's seconds in one of ours.

    `probe_seconds`: ours, from one round of health checks to the next. `rto_seconds`, `rpo_seconds`: the plan's.
    `must_act`: False where the only right thing is to leave everything as it is, and `because` of what: a word of
    models.BlockedTrigger.Blocker.
    """

    scenario: str
    speed: float
    probe_seconds: float
    rto_seconds: float
    rpo_seconds: float
    must_act: bool = True
    because: str = ""
    parameters: dict[str, str | float] = field(default_factory=dict)

    @property
    def tolerance_seconds(self) -> float:
        """How far the console's times may be from the true ones, in the world's seconds: one round, and one look."""
        return (self.probe_seconds + LOOK_SECONDS) * self.speed + USERS_SECONDS


@dataclass(frozen=True)
class RunTold:
    """One run as the console tells it. `state`: of runs.models.Run. `acted`: how many steps changed something."""

    code: str
    kind: str
    title: str
    state: str
    acted: int = 0


@dataclass(frozen=True)
class Told:
    """What the console says. Times are seconds of the world's clock (UTC), None for what did not come about.

    `refusals`: by what stood in the way of acting, the console's sentence for it.
    """

    incident: str = ""
    failure: str = ""
    reasons: tuple[str, ...] = ()
    started_at: float | None = None
    detected_at: float | None = None
    switched_at: float | None = None
    recovered_at: float | None = None
    verified_at: float | None = None
    runs: tuple[RunTold, ...] = ()
    calls: int = 0
    messages: dict[str, int] = field(default_factory=dict)
    unsent: int = 0
    refusals: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Happened:
    """What the world says. `first_failed_at`, `first_good_at`: of users; `switched_at`: the last change of a name."""

    failed_at: float
    first_failed_at: float | None = None
    first_good_at: float | None = None
    rto_seconds: float | None = None
    rpo_seconds: float = 0.0
    lost: int = 0
    refused: int = 0
    switched_at: float | None = None
    effects: int = 0
    doubles: tuple[str, ...] = ()
    messages: dict[str, int] = field(default_factory=dict)
    as_before: bool | None = None

"""What a run is to be made of, before there is one."""

from __future__ import annotations

from dataclasses import dataclass, field

from dr_console.runs.models import Approval, Run
from dr_console.runs.registry import Facts
from dr_console.web.sentences import Texts


@dataclass(frozen=True)
class ApprovalSpec:
    """Who has to say yes to a step, how many of them, and what happens when nobody answers in `expires_seconds`."""

    permission: str = "runs.approve_step"
    needed: int = 1
    expires_seconds: int | None = None
    on_expiry: Approval.OnExpiry = Approval.OnExpiry.GIVE_UP


@dataclass(frozen=True)
class StepSpec:
    """One step; the words are those of models.Step. `approval`: None where nobody has to say yes."""

    key: str
    does: str
    titles: Texts = field(default_factory=dict)
    parameters: Facts = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    runs_on: str = "success"
    on_failure: str = "stop"
    timeout_seconds: int = 60
    attempts: int = 1
    interval_seconds: int = 0
    approval: ApprovalSpec | None = None


@dataclass(frozen=True)
class RunSpec:
    """A whole run; the words are those of models.Run. `deadline_seconds`: from its start; None: none."""

    kind: Run.Kind
    subject: str
    titles: Texts
    steps: tuple[StepSpec, ...]
    context: Facts = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    plan_version: int | None = None
    plan_key: str = ""
    is_practice: bool = False
    deadline_seconds: int | None = None
    reason: str = ""

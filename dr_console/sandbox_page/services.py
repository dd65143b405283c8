"""What people do to the pretend world, each act in the audit log once it is done."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from dr_console.audit.services import record
from dr_console.providers import sandbox
from dr_console.providers.deadlines import Deadline

SECONDS = 10.0


def start_scenario(name: str, parameters: dict[str, Any], *, by: User) -> None:
    """Raises sandbox.WrongInput, ProviderError; so do all of these."""
    sandbox.start_scenario(name, parameters, deadline=Deadline.after(SECONDS))
    record("sandbox.scenario_started", by=by, target=f"scenario {name}", after=parameters)


def heal_scenario(name: str, *, by: User) -> None:
    sandbox.heal_scenario(name, deadline=Deadline.after(SECONDS))
    record("sandbox.scenario_healed", by=by, target=f"scenario {name}")


def add_fault(rule: dict[str, Any], *, by: User) -> None:
    id = sandbox.add_fault(rule, deadline=Deadline.after(SECONDS))
    record("sandbox.fault_added", by=by, target=f"fault {id}", after=rule)


def heal_fault(id: str, *, by: User) -> None:
    sandbox.remove_fault(id, deadline=Deadline.after(SECONDS))
    record("sandbox.fault_healed", by=by, target=f"fault {id}")


def heal_everything(*, by: User) -> None:
    sandbox.heal(deadline=Deadline.after(SECONDS))
    record("sandbox.healed", by=by, target="sandbox")


def set_clock(change: dict[str, float], *, by: User) -> None:
    sandbox.set_clock(change, deadline=Deadline.after(SECONDS))
    record("sandbox.clock_set", by=by, target="sandbox clock", after=change)


def answer(message: int, label: str, path: str, body: dict[str, Any], *, by: User) -> None:
    sandbox.answer(path, body, deadline=Deadline.after(SECONDS))
    record("sandbox.message_answered", by=by, target=f"message {message}", after={"answer": label})


def connect(kind: str, name: str, *, by: User) -> None:
    """`kind`: database or cache."""
    sandbox.connect({kind: name}, deadline=Deadline.after(SECONDS))
    record("sandbox.connected", by=by, target=f"{kind} {name}")


def begin_anew(*, by: User) -> None:
    sandbox.reset(deadline=Deadline.after(SECONDS))
    record("sandbox.reset", by=by, target="sandbox")

"""The control of the sandbox: break and heal its world, move its clock, see all of it. For sandbox mode only."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from django.conf import settings
from django.utils.translation import gettext_noop as _
from pydantic import TypeAdapter, ValidationError

from dr_console.errors import Problem, ProviderError
from dr_console.providers.deadlines import Deadline
from dr_console.providers.sandbox_shapes import Message, Scenario, Truth, World

T = TypeVar("T")
NAME = "Sandbox"
LONGEST_SECONDS = 10.0  # letting a month pass at once takes it a few


class WrongInput(Exception):
    """The sandbox cannot use what was sent. `field`: of the rule or the scenario, "" if it is none of them."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def world(*, deadline: Deadline) -> World:
    return _read(World, _("show its world"), "/world", deadline)


def truth(*, deadline: Deadline) -> Truth:
    return _read(Truth, _("tell the truth"), "/truth", deadline)


def scenarios(*, deadline: Deadline) -> list[Scenario]:
    return _read(list[Scenario], _("list its scenarios"), "/scenarios", deadline, at="scenarios")


def outbox(*, limit: int, deadline: Deadline) -> list[Message]:
    """The newest messages, the newest first."""
    found = _read(list[Message], _("show the messages"), f"/outbox?limit={limit}", deadline, at="messages")
    return sorted(found, key=lambda message: -message.id)


def start_scenario(name: str, parameters: dict[str, Any], *, deadline: Deadline) -> None:
    """Started again, it begins anew. Raises WrongInput."""
    _ask("POST", "/scenarios", _("start a scenario"), deadline, {"name": name, "parameters": parameters})


def heal_scenario(name: str, *, deadline: Deadline) -> None:
    _ask("DELETE", f"/scenarios/{quote(name, safe='')}", _("heal a scenario"), deadline)


def heal(*, deadline: Deadline) -> None:
    """End every fault. What was lost meanwhile stays lost."""
    _ask("POST", "/heal", _("heal everything"), deadline, {})


def add_fault(rule: dict[str, Any], *, deadline: Deadline) -> str:
    """Its id. Raises WrongInput."""
    return str(_ask("POST", "/faults", _("add a fault"), deadline, rule).get("id", ""))


def remove_fault(id: str, *, deadline: Deadline) -> None:
    _ask("DELETE", f"/faults/{quote(id, safe='')}", _("heal a fault"), deadline)


def set_clock(change: dict[str, float], *, deadline: Deadline) -> None:
    """`speed`, or so many seconds to `advance`. Raises WrongInput."""
    _ask("POST", "/clock", _("set its clock"), deadline, change)


def reset(*, deadline: Deadline) -> None:
    """A new world in place of this one."""
    _ask("POST", "/reset", _("begin anew"), deadline, {})


def answer(path: str, body: dict[str, Any], *, deadline: Deadline) -> None:
    """Do what a person does who got a message: press a key, acknowledge. Raises WrongInput."""
    _ask("POST", path, _("answer a message"), deadline, body)


def _read(shape: type[T], operation: str, path: str, deadline: Deadline, *, at: str = "") -> T:
    told = _ask("GET", path, operation, deadline)
    try:
        found: T = _adapter(shape).validate_python(told.get(at) if at else told)  # type: ignore[arg-type]
        return found
    except ValidationError as error:
        raise ProviderError(NAME, operation, Problem.GARBLED, said=str(error)[:200]) from error


def _ask(method: str, path: str, operation: str, deadline: Deadline, body: Any = None) -> dict[str, Any]:
    seconds = min(deadline.left(), LONGEST_SECONDS)
    if not settings.DR_SANDBOX_URL:
        raise ProviderError(NAME, operation, Problem.SETTINGS, said="DR_MODE", permanent=True)
    try:
        response = _client().request(method, f"{settings.DR_SANDBOX_URL}/control{path}", json=body, timeout=seconds)
        told = response.json()
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise ProviderError(NAME, operation, Problem.UNREACHABLE, said=str(error)) from error
    except httpx.TimeoutException as error:
        raise ProviderError(NAME, operation, Problem.TIMED_OUT) from error
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderError(NAME, operation, Problem.BROKEN, said=str(error)[:200]) from error
    if response.status_code in (404, 422) and isinstance(told, dict):
        raise WrongInput(str(told.get("field", "")), str(told.get("message", "")))
    if response.is_error or not isinstance(told, dict):
        raise ProviderError(NAME, operation, status=response.status_code, said=response.text[:200])
    return told


@lru_cache(maxsize=64)
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


@lru_cache(maxsize=1)
def _client() -> httpx.Client:
    # A connection is not kept: a sandbox that was started anew would seem to be broken once.
    return httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

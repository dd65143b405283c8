"""The control of the sandbox: break and heal its world, move its clock, see all of it. For sandbox mode only."""

from __future__ import annotations

import json
from functools import lru_cache
from http.client import HTTPConnection, HTTPException
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _
from pydantic import TypeAdapter, ValidationError

from dr_console.errors import Problem, ProviderError
from dr_console.providers.deadlines import Deadline
from dr_console.providers.sandbox_shapes import Clock, Effect, Message, Scenario, Truth, World

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


def clock(*, deadline: Deadline) -> Clock:
    return _read(Clock, _("show its clock"), "/clock", deadline)


def effects(*, after: int, deadline: Deadline) -> list[Effect]:
    """What was changed in the world since the effect of this number, the oldest first; a thousand at most."""
    return _read(list[Effect], _("list what was changed"), f"/truth/effects?after={after}", deadline, at="effects")


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


def connect(change: dict[str, str], *, deadline: Deadline) -> None:
    """Let the product use another `database` or `cache`, by the name that the cloud knows it by. Raises WrongInput."""
    _ask("POST", "/product", _("connect the product"), deadline, change)


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
    if not settings.DR_SANDBOX_URL:
        raise ProviderError(NAME, operation, Problem.SETTINGS, said="DR_MODE", permanent=True)
    try:
        status, text = _exchange(method, f"/control{path}", body, max(0.1, min(deadline.left(), LONGEST_SECONDS)))
        told = json.loads(text)
    except TimeoutError as error:
        raise ProviderError(NAME, operation, Problem.TIMED_OUT) from error
    except OSError as error:
        raise ProviderError(NAME, operation, Problem.UNREACHABLE, said=error.strerror or str(error)) from error
    except (HTTPException, ValueError) as error:
        raise ProviderError(NAME, operation, Problem.BROKEN, said=str(error)[:200]) from error
    if status in (404, 422) and isinstance(told, dict) and "message" in told:
        raise WrongInput(str(told.get("field", "")), str(told["message"]))
    if status >= 400 or not isinstance(told, dict):
        raise ProviderError(NAME, operation, status=status, said=text[:200].decode(errors="replace"))
    return told


def _exchange(method: str, path: str, body: Any, seconds: float) -> tuple[int, bytes]:
    """By the standard library: every web process holds this module, and httpx would cost it two megabytes."""
    address = urlsplit(settings.DR_SANDBOX_URL)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=seconds)
    try:
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@lru_cache(maxsize=64)
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)

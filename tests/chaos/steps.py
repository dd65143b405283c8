"""Step functions on the pretend vendor, one for each class of what may be repeated."""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection, HTTPException
from typing import Any, ClassVar
from urllib.parse import urlsplit

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.runs import registry
from dr_console.runs.registry import Context, Facts, Idempotency, Observation, Sight, StepFunction

SETTLES_SECONDS = float(os.environ.get("CHAOS_SETTLE", "0.8"))
CALL_SECONDS = 0.6


def ask(method: str, path: str, body: Any = None) -> Any:
    """The answer's JSON. Raises ProviderError as our clients do."""
    place = urlsplit(os.environ["CHAOS_CLOUD"])
    connection = HTTPConnection(place.hostname or "", place.port, timeout=CALL_SECONDS)
    may_have_happened = Outcome.UNKNOWN if method == "POST" else Outcome.NOTHING
    try:
        connection.request(method, path, body=None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read()
    except TimeoutError as error:
        raise ProviderError("Cloud", "ask", Problem.TIMED_OUT, outcome=may_have_happened) from error
    except ConnectionRefusedError as error:
        raise ProviderError("Cloud", "ask", Problem.UNREACHABLE) from error
    except (OSError, HTTPException) as error:
        raise ProviderError("Cloud", "ask", Problem.BROKEN, outcome=may_have_happened) from error
    finally:
        connection.close()
    if answer.status == 429:
        raise ProviderError("Cloud", "ask", Problem.THROTTLED, status=429, retry_after=1.0)
    if answer.status >= 500:
        raise ProviderError("Cloud", "ask", Problem.REFUSED, status=answer.status, outcome=may_have_happened)
    return json.loads(text)


class Set(StepFunction):
    """Doing it again is the same."""

    name = "chaos.set"
    call_seconds: ClassVar[float] = CALL_SECONDS
    verify_seconds: ClassVar[float] = 20.0
    settle_seconds: ClassVar[float] = SETTLES_SECONDS

    def observe(self, context: Context) -> Observation:
        wanted = context.parameters["value"]
        found = ask("GET", f"/{context.parameters['name']}")["value"]
        sight = Sight.MATCHES if found == wanted else Sight.DIFFERS
        return Observation(sight, now={"value": found}, wanted={"value": wanted}, before={"value": found})

    def act(self, context: Context) -> Facts:
        return self._set(context, context.parameters["value"])

    def undo_observe(self, context: Context) -> Observation:
        assert context.before is not None
        found = ask("GET", f"/{context.parameters['name']}")["value"]
        return Observation(Sight.MATCHES if found == context.before["value"] else Sight.DIFFERS)

    def undo(self, context: Context) -> Facts:
        assert context.before is not None
        return self._set(context, context.before["value"])

    def _set(self, context: Context, value: Any) -> Facts:
        name = context.parameters["name"]
        answer: Facts = ask("POST", "/", {"what": "set", "name": name, "value": value, "token": context.token})
        return answer


class Make(StepFunction):
    """Found again by our mark, once it shows. Made twice, it is there twice."""

    name = "chaos.make"
    idempotency = Idempotency.TAG_SEARCH
    call_seconds: ClassVar[float] = CALL_SECONDS
    verify_seconds: ClassVar[float] = 20.0
    settle_seconds: ClassVar[float] = SETTLES_SECONDS
    what: ClassVar[str] = "make"

    def observe(self, context: Context) -> Observation:
        made = ask("GET", f"/{context.parameters['name']}")["made"]
        return Observation(Sight.MATCHES if context.token in made else Sight.ABSENT, now={"made": len(made)}, before={})

    def act(self, context: Context) -> Facts:
        name = context.parameters["name"]
        answer: Facts = ask("POST", "/", {"what": self.what, "name": name, "token": context.token})
        return answer


class MakeOnce(Make):
    """The vendor knows the token."""

    name = "chaos.make_once"
    idempotency = Idempotency.CLIENT_TOKEN
    what = "make once"


class Send(Make):
    """Never again."""

    name = "chaos.send"
    idempotency = Idempotency.NONE

    def observe(self, context: Context) -> Observation:
        # A message that has been sent cannot be looked for; that it was accepted is all that is ever known.
        return Observation(Sight.MATCHES if context.effect is not None else Sight.UNKNOWABLE, before={})


def register() -> None:
    registry.register(Set, Make, MakeOnce, Send)

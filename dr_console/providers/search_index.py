"""A search index that is rebuilt over HTTP: one request starts it, another tells how far it is.

Every index has its own two requests; settings say what they are. What they must answer stands in docs/clouds.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from django.utils.translation import gettext_noop as _

from dr_console.errors import Problem, ProviderError
from dr_console.providers.capabilities.search import Rebuild, RebuildState
from dr_console.providers.checking import Check, Finding, State, about
from dr_console.providers.credentials import credential, credential_or_none
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer, Wire, Words
from dr_console.providers.waiting import waited_for

VENDOR = "Search index"
START = _("start a rebuild of the search index")
LOOK = _("tell how far the rebuild is")
CONFIGURED = _("The requests that rebuild it are set")
ID = "TASK"


class HttpSearchIndex:
    """POST <start URL>, then GET <status URL> with the id of the answer in it, as the settings DR_SEARCH_… say."""

    def start(self, *, deadline: Deadline) -> Rebuild:
        method = credential("search", "start_method", operation=START).upper()
        body = _json_setting("start_body", START)
        try:
            answer = self._ask(method, credential("search", "start_url", operation=START), START, deadline, body=body)
        except ProviderError as error:
            if error.status == 409 and error.code:
                return Rebuild(error.code, RebuildState.RUNNING)
            raise
        if not credential_or_none("search", "status_url"):
            return Rebuild("", RebuildState.SUCCEEDED, 100)
        return Rebuild(_text(answer, _setting("id_path")), RebuildState.RUNNING, 0)

    def state(self, id: str, *, deadline: Deadline) -> Rebuild:
        url = credential("search", "status_url", operation=LOOK).replace(ID, quote(id, safe=""))
        answer = self._ask("GET", url, LOOK, deadline)
        said = _text(answer, credential("search", "status_path", operation=LOOK))
        state = RebuildState.RUNNING
        if said in _values("succeeded"):
            state = RebuildState.SUCCEEDED
        elif said in _values("failed"):
            state = RebuildState.FAILED
        return Rebuild(id, state, _percent(answer), said)

    def wait_until_done(self, id: str, *, deadline: Deadline) -> Rebuild:
        deadline = deadline.no_later_than(_seconds())

        def look() -> tuple[Rebuild | None, str]:
            rebuild = self.state(id, deadline=deadline)
            if rebuild.state is RebuildState.FAILED:
                raise ProviderError(VENDOR, START, Problem.FAILED, said=rebuild.said, permanent=True)
            return rebuild if rebuild.state is RebuildState.SUCCEEDED else None, rebuild.said

        return waited_for(look, vendor=VENDOR, operation=START, deadline=deadline)

    def _ask(self, method: str, url: str, operation: str, deadline: Deadline, *, body: Any = None) -> Answer:
        headers = _headers(operation)
        parts = urlsplit(url)
        wire = Wire(
            VENDOR,
            urlunsplit((parts.scheme, parts.netloc, "", "", "")),
            headers=headers,
            secrets=headers.values(),
            refusal=_refusal,
        )
        return wire.call(
            method, urlunsplit(("", "", parts.path, parts.query, "")), operation=operation, deadline=deadline, json=body
        )


def _refusal(status: int, body: Any) -> Words | None:
    """Of a rebuild that is running already, the code is its id."""
    if status < 400:
        return None
    said = body.get("error", body.get("message", "")) if isinstance(body, dict) else ""
    running = at_path(body, _setting("id_path")) if status == 409 else None
    return Words("" if running is None else str(running), said if isinstance(said, str) else json.dumps(said))


def at_path(value: Any, path: str) -> Any:
    """What lies in JSON at "tasks.0.status"; None where there is nothing."""
    for key in filter(None, path.split(".")):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _text(answer: Answer, path: str) -> str:
    """A text or a number at this place of the answer. Raises ProviderError (GARBLED)."""
    found = at_path(answer.json(), path)
    if isinstance(found, bool):
        return str(found).lower()
    if not isinstance(found, str | int) or found == "":
        answer.is_garbled(f"{path} is missing. ")
    return str(found)


def _percent(answer: Answer) -> int | None:
    found = at_path(answer.json(), _setting("percent_path")) if _setting("percent_path") else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return max(0, min(100, int(found)))


def _setting(name: str) -> str:
    return credential_or_none("search", name)


def _values(name: str) -> set[str]:
    return {value.strip() for value in _setting(name).split(",")} - {""}


def _seconds() -> float:
    text = _setting("seconds")
    if not text.isdecimal() or not 0 < int(text) <= 86_400:
        raise _wrong(LOOK, "DR_SEARCH_SECONDS: a whole number from 1 to 86400")
    return float(text)


def _headers(operation: str) -> dict[str, str]:
    found = _json_setting("headers", operation) or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise _wrong(operation, "DR_SEARCH_HEADERS: a JSON object of texts")
    return found


def _json_setting(name: str, operation: str) -> Any:
    """What the setting holds; None where it is empty. Never quoted, as it may hold a key."""
    text = _setting(name)
    try:
        return json.loads(text) if text else None
    except ValueError:
        pass
    raise _wrong(operation, f"DR_SEARCH_{name.upper()}: JSON")


def _wrong(operation: str, wanted: str) -> ProviderError:
    return ProviderError(VENDOR, operation, Problem.SETTINGS, said=wanted, permanent=True)


@about(CONFIGURED)
def configured(deadline: Deadline) -> Iterable[Finding]:
    """Nothing is asked: to ask is to rebuild."""
    host = urlsplit(credential("search", "start_url", operation=START)).netloc
    _headers(START)
    _json_setting("start_body", START)
    _seconds()
    if _setting("status_url") and ID not in _setting("status_url"):
        raise _wrong(LOOK, f"DR_SEARCH_STATUS_URL: with {ID} where the id stands")
    yield Finding("search", CONFIGURED, State.OK, host)


CHECKS: tuple[Check, ...] = (configured,)

"""The one place that configures httpx: time-outs, retries, budgets, and errors turned into ProviderError."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import httpx
from django.utils.timezone import now
from pydantic import TypeAdapter, ValidationError

from dr_console import __version__
from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls
from dr_console.providers.deadlines import Deadline
from dr_console.providers.retries import pause_before_next, retry_after
from dr_console.vendors import is_loopback

T = TypeVar("T")

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
MOST_BYTES = 16 * 1024 * 1024
QUOTED_CHARACTERS = 200
HARMLESS_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Words:
    """What a vendor says of an error, in its own words."""

    code: str = ""
    said: str = ""


@dataclass(frozen=True)
class Answer:
    """A whole answer that is no error."""

    vendor: str
    operation: str
    status: int
    headers: httpx.Headers
    text: str
    outcome_if_wrong: Outcome
    hide: Callable[[str], str] = field(repr=False)

    def json(self) -> Any:
        """The body as JSON values. Raises ProviderError (GARBLED) if it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            self.is_garbled("")

    def read_as(self, shape: type[T] | TypeAdapter[T], *, at: str = "") -> T:
        """The JSON body, or what lies in it at `at` ("result.messages"), as this pydantic model, dataclass or type.

        Raises ProviderError (GARBLED), which names the field and quotes the body, if it has another shape.
        """
        found = self.json()
        for key in at.split(".") if at else ():
            if not isinstance(found, dict) or key not in found:
                self.is_garbled(f"{at} is missing. ")
            found = found[key]
        adapter: TypeAdapter[T] = shape if isinstance(shape, TypeAdapter) else _adapter(shape)  # type: ignore[arg-type]
        try:
            return adapter.validate_python(found)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join([*filter(None, [at]), *map(str, first["loc"])])
            self.is_garbled(f"{place}: {first['msg']}. ")

    def is_garbled(self, why: str) -> NoReturn:
        raise ProviderError(
            self.vendor,
            self.operation,
            Problem.GARBLED,
            status=self.status,
            said=why + self.hide(quoted(self.text)),
            outcome=self.outcome_if_wrong,
        )


@lru_cache(maxsize=256)
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def quoted(text: str) -> str:
    shown = " ".join(text.split())
    return f"“{shown[:QUOTED_CHARACTERS]}{'…' if len(shown) > QUOTED_CHARACTERS else ''}”"


def no_words(status: int, body: Any) -> Words | None:
    """For a vendor that says nothing of its own: an error is what HTTP calls one."""
    return Words() if status >= 400 else None


class Wire:
    """The way to one vendor's API, with one set of credentials. Cheap to make; connections are shared underneath.

    `refusal(status, body)`: the vendor's words if this answer is an error, else None. `body` is the JSON value, or the
    text where it is no JSON. It is asked about every answer, as some say no with status 200.
    `secrets`: what must never be quoted.
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        secrets: Iterable[str] = (),
        refusal: Callable[[int, Any], Words | None] = no_words,
    ) -> None:
        self.vendor = vendor
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._auth = auth
        self._secrets = tuple(secret for secret in secrets if secret)
        self._refusal = refusal

    def call(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        deadline: Deadline,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        harmless: bool | None = None,
    ) -> Answer:
        """Send, try again where that can do no harm, and return an answer that is no error.

        `operation`: what for, in English words that follow "to": "read the DNS record" (marked by gettext_noop).
        `harmless`: repeating it cannot do harm; by default so of GET and HEAD only. What is not harmless is repeated
        only when the request was not sent, or the vendor said that it counts for nothing (429).
        Raises ProviderError.
        """
        harmless = method in HARMLESS_METHODS if harmless is None else harmless
        headers = {**self._headers, **(headers or {})}
        request = _client(_is_here(self.base_url)).build_request(
            method, self.base_url + path, params=params, json=json, data=form, content=content, headers=headers
        )
        return self._until_answered(request, operation, deadline, harmless)

    def _until_answered(self, request: httpx.Request, operation: str, deadline: Deadline, harmless: bool) -> Answer:
        attempt = 1
        while True:
            try:
                return self._attempt(request, operation, deadline, attempt, harmless)
            except ProviderError as error:
                pause = pause_before_next(error, attempt, harmless=harmless)
                if pause is None or pause >= deadline.left():
                    raise
                time.sleep(pause)
                attempt += 1

    def _attempt(
        self, request: httpx.Request, operation: str, deadline: Deadline, attempt: int, harmless: bool
    ) -> Answer:
        began, began_at = time.monotonic(), now()
        status: int | None = None
        problem = code = ""
        try:
            response, text = self._send(request, operation, deadline, harmless)
            status = response.status_code
            return self._judge(response, text, operation, harmless)
        except ProviderError as error:
            status, problem, code = error.status, error.problem.value, error.code
            raise
        finally:
            calls.record(
                calls.Call(
                    vendor=self.vendor,
                    operation=operation,
                    method=request.method,
                    url=self.hide(str(request.url.copy_with(query=None))),
                    attempt=attempt,
                    began_at=began_at,
                    seconds=time.monotonic() - began,
                    status=status,
                    problem=problem,
                    code=code,
                )
            )

    def _send(
        self, request: httpx.Request, operation: str, deadline: Deadline, harmless: bool
    ) -> tuple[httpx.Response, str]:
        if deadline.has_passed:
            raise ProviderError(self.vendor, operation, Problem.NOT_IN_TIME)
        left = deadline.left()
        request.extensions["timeout"] = httpx.Timeout(
            min(READ_SECONDS, left), connect=min(CONNECT_SECONDS, left), pool=min(CONNECT_SECONDS, left)
        ).as_dict()
        unknown = Outcome.NOTHING if harmless else Outcome.UNKNOWN
        try:
            response = _client(_is_here(self.base_url)).send(request, auth=self._auth, stream=True)
            try:
                return response, self._read(response, operation, deadline, unknown)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise ProviderError(self.vendor, operation, Problem.UNREACHABLE, said=self.hide(str(error))) from error
        except httpx.TimeoutException as error:
            raise ProviderError(self.vendor, operation, Problem.TIMED_OUT, outcome=unknown) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = self.hide(str(error))
            raise ProviderError(self.vendor, operation, Problem.BROKEN, said=said, outcome=unknown) from error

    def _read(self, response: httpx.Response, operation: str, deadline: Deadline, unknown: Outcome) -> str:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MOST_BYTES:
                said = f"more than {MOST_BYTES} bytes: {self.hide(quoted(body[:1000].decode(errors='replace')))}"
                raise ProviderError(
                    self.vendor, operation, Problem.GARBLED, status=response.status_code, said=said, outcome=unknown
                )
            if deadline.has_passed:
                raise ProviderError(
                    self.vendor, operation, Problem.TIMED_OUT, status=response.status_code, outcome=unknown
                )
        return body.decode(response.charset_encoding or "utf-8", errors="replace")

    def _judge(self, response: httpx.Response, text: str, operation: str, harmless: bool) -> Answer:
        status = response.status_code
        try:
            body: Any = json.loads(text)
        except ValueError:
            body = text
        words = self._refusal(status, body)
        unknown = Outcome.NOTHING if harmless else Outcome.UNKNOWN
        if words is None and status < 400:
            return Answer(self.vendor, operation, status, response.headers, text, unknown, self.hide)
        words = words or Words()
        problem = _problem(status)
        raise ProviderError(
            self.vendor,
            operation,
            problem,
            status=status,
            code=words.code,
            said=self.hide(words.said or quoted(text)),
            permanent=problem is not Problem.THROTTLED and status < 500 and status not in (408, 425),
            outcome=unknown if status >= 500 or status == 408 else Outcome.NOTHING,
            retry_after=retry_after(response.headers),
        )

    def hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        return text


def _problem(status: int) -> Problem:
    if status in (401, 403):
        return Problem.CREDENTIALS
    if status in (404, 410):
        return Problem.NOT_FOUND
    return Problem.THROTTLED if status == 429 else Problem.REFUSED


def _is_here(url: str) -> bool:
    return is_loopback(urlsplit(url).hostname or "")


@lru_cache(maxsize=2)
def _client(here: bool) -> httpx.Client:
    """One pool of connections a process, made when first needed and thus after the fork.

    A connection is not kept for long: a vendor that closes one while we send leaves us not knowing what happened.
    A proxy from the environment is for the real clouds, never for this machine.
    """
    return httpx.Client(
        headers={"User-Agent": f"dr-console/{__version__}", "Accept": "application/json"},
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=10, keepalive_expiry=5.0),
        follow_redirects=False,
        trust_env=not here,
    )

"""The one place that configures httpx: time-outs, retries, budgets, and errors turned into ProviderError."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils.timezone import now

from dr_console import __version__
from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import addresses, bodies, budgets, calls, dry, limits
from dr_console.providers.answers import Answer as Answer
from dr_console.providers.answers import Mask, parse_json, quoted
from dr_console.providers.answers import Words as Words
from dr_console.providers.deadlines import Deadline
from dr_console.providers.network import AddressRefused, BoundedBackend, within
from dr_console.providers.retries import pause_before_next, retry_after
from dr_console.vendors import is_loopback

CONNECT_SECONDS = 3.0
READ_SECONDS = 20.0
MOST_CONNECTIONS = 50
MOST_BYTES = 16 * 1024 * 1024
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_QUOTED = "(not shown)"
_making = Lock()
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def no_words(status: int, body: Any) -> Words | None:
    """For a vendor that says nothing of its own: an error is what HTTP calls one."""
    return Words() if status >= 400 else None


@dataclass(frozen=True)
class _Asked:
    """One call, as it was asked for."""

    request: httpx.Request
    operation: str
    deadline: Deadline
    harmless: bool
    reads: bool
    budgets: tuple[limits.Budget, ...]
    cost: int
    quote: Callable[[str], str]

    @property
    def unknown(self) -> Outcome:
        """The outcome where it was sent and nobody knows what became of it."""
        return Outcome.NOTHING if self.reads else Outcome.UNKNOWN


class Wire:
    """The way to one vendor's API, with one set of credentials. Cheap to make; connections are shared underneath.

    `refusal(status, body)`: the vendor's words if this answer is an error, else None. `body` is the JSON value, or the
    text where it is no JSON. It is asked about every answer, as some say no with status 200.
    `secrets`: what must never be quoted. `guarded`: the address was given by a person, and must not lead inside.
    `takes_any_answer`: a 2xx is a yes whatever is in it, also a page for people.
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
        guarded: bool = False,
        takes_any_answer: bool = False,
    ) -> None:
        self.vendor = vendor
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._auth = auth
        self._secrets = tuple(filter(None, secrets))
        self._mask = Mask(self._secrets, auth)
        self._refusal = refusal
        self._takes_any_answer = takes_any_answer
        self._kind = "guarded" if guarded else "here" if is_loopback(_host(self.base_url)) else "outside"

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
        reads: bool | None = None,
        sensitive: bool = False,
        also_counted: Iterable[limits.Budget] = (),
        cost: int = 1,
    ) -> Answer:
        """Send, try again where that can do no harm, and return an answer that is no error.

        `operation`: what for, in English words that follow "to": "read the DNS record" (marked by gettext_noop).
        `harmless`: repeating it cannot do harm; by default so of GET and HEAD only. What is not harmless is repeated
        only when the request was not sent, or the vendor said that it counts for nothing (429).
        `reads`: it changes nothing at all, and thus is harmless too; by default so of GET and HEAD only.
        `sensitive`: the answer holds secrets, and is never quoted. `also_counted`: budgets beside the vendor's own, of
        which it takes `cost` (providers/limits.py). Raises ProviderError.
        """
        parts = {"params": params, "json": json, "data": form, "content": content}
        reads = method in READING_METHODS if reads is None else reads
        asked = _Asked(
            self._request(operation, method, path, headers, **parts),
            operation,
            deadline,
            harmless=reads if harmless is None else harmless,
            reads=reads,
            budgets=(*limits.of_call(self.base_url, path, self._secrets), *also_counted),
            cost=cost,
            quote=(lambda _text: NOT_QUOTED) if sensitive else self._quote,
        )
        return self._until_answered(asked)

    def hide(self, text: str) -> str:
        """The text without the secrets."""
        return self._mask(text)

    def _quote(self, text: str) -> str:
        # Hidden before it is cut, so that no half of a secret is left.
        return self.hide(quoted(self._mask(text)))

    def _request(
        self, operation: str, method: str, path: str, headers: Mapping[str, str] | None, **parts: Any
    ) -> httpx.Request:
        try:
            return _client_for(self._kind).build_request(
                method, self.base_url + path, headers={**self._headers, **(headers or {})}, **parts
            )
        except (httpx.InvalidURL, UnicodeError):
            # Its words quote the address or the header, which hold a secret.
            raise self._cannot_be_sent(operation) from None

    def _until_answered(self, asked: _Asked) -> Answer:
        attempt, maybe = 1, False
        while True:
            try:
                budgets.spend(
                    asked.budgets,
                    vendor=self.vendor,
                    operation=asked.operation,
                    deadline=asked.deadline,
                    cost=asked.cost,
                )
                return self._attempt(asked, attempt)
            except ProviderError as error:
                maybe = maybe or error.outcome is Outcome.UNKNOWN
                pause = pause_before_next(error, attempt, harmless=asked.harmless)
                if pause is None or pause >= asked.deadline.left():
                    # An earlier try may have been carried out, whatever became of the last.
                    error.outcome = Outcome.UNKNOWN if maybe else error.outcome
                    raise
            time.sleep(pause)
            attempt += 1

    def _attempt(self, asked: _Asked, attempt: int) -> Answer:
        dry.about_to_send(self.vendor, asked.operation, reads=asked.reads)
        began, began_at = time.monotonic(), now()
        status: int | None = None
        problem = code = ""
        try:
            response, body = self._send(asked)
            status = response.status_code
            return self._judge(asked, response, body)
        except ProviderError as error:
            status, problem, code = error.status, error.problem.value, error.code
            raise
        finally:
            calls.record(
                calls.Call(
                    vendor=self.vendor,
                    operation=asked.operation,
                    method=asked.request.method,
                    url=self._shown(asked.request.url),
                    attempt=attempt,
                    began_at=began_at,
                    seconds=time.monotonic() - began,
                    status=status,
                    problem=problem,
                    code=code,
                )
            )

    def _shown(self, url: httpx.URL) -> str:
        return self.hide(str(url.copy_with(query=None, fragment=None, userinfo=b"")))

    def _send(self, asked: _Asked) -> tuple[httpx.Response, str]:
        if asked.deadline.has_passed:
            raise ProviderError(self.vendor, asked.operation, Problem.NOT_IN_TIME)
        # Of these, the wait for a free connection is all that BoundedBackend does not keep to the deadline.
        asked.request.extensions["timeout"] = httpx.Timeout(
            READ_SECONDS, connect=CONNECT_SECONDS, pool=min(CONNECT_SECONDS, asked.deadline.left())
        ).as_dict()
        # None of httpx's errors hangs on ours: some quote what was sent.
        try:
            with within(asked.deadline):
                response = _client_for(self._kind).send(asked.request, auth=self._auth, stream=True)
                try:
                    return response, self._read(asked, response)
                finally:
                    response.close()
        except (httpx.HTTPError, httpx.InvalidURL, AddressRefused) as error:
            raise self._of_wire(error, asked) from None

    def _of_wire(self, error: Exception, asked: _Asked) -> ProviderError:
        if isinstance(error, AddressRefused):
            return ProviderError(self.vendor, asked.operation, Problem.SETTINGS, said=str(error), permanent=True)
        if isinstance(error, NEVER_SENT):
            return ProviderError(self.vendor, asked.operation, Problem.UNREACHABLE, said=self.hide(str(error)))
        if isinstance(error, httpx.TimeoutException):
            return ProviderError(self.vendor, asked.operation, Problem.TIMED_OUT, outcome=asked.unknown)
        if isinstance(error, httpx.LocalProtocolError | httpx.InvalidURL | httpx.UnsupportedProtocol):
            return self._cannot_be_sent(asked.operation)
        said = self.hide(str(error))
        return ProviderError(self.vendor, asked.operation, Problem.BROKEN, said=said, outcome=asked.unknown)

    def _cannot_be_sent(self, operation: str) -> ProviderError:
        said = "the address or a header has characters that cannot be sent"
        return ProviderError(self.vendor, operation, Problem.SETTINGS, said=said, permanent=True)

    def _read(self, asked: _Asked, response: httpx.Response) -> str:
        body = bytearray()
        for chunk in bodies.unpacked(response):
            body += chunk
            if len(body) > MOST_BYTES:
                quote = asked.quote(body[:1000].decode(errors="replace"))
                raise self._garbled(asked, response, f"more than {MOST_BYTES} bytes: {quote}")
            if asked.deadline.has_passed:
                raise ProviderError(
                    self.vendor,
                    asked.operation,
                    Problem.TIMED_OUT,
                    status=response.status_code,
                    outcome=asked.unknown,
                )
        return bodies.decoded(bytes(body), response.charset_encoding)

    def _judge(self, asked: _Asked, response: httpx.Response, text: str) -> Answer:
        status = response.status_code
        after = retry_after(response.headers)
        budgets.heed(asked.budgets, status, response.headers, after)
        try:
            body: Any = parse_json(text)
        except ValueError:
            body = text
        words = self._refusal(status, body)
        if words is None and status < 400:
            if status >= 300:
                raise self._garbled(asked, response, f"it sends us elsewhere: {asked.quote(text)}")
            if bodies.is_page(text) and not self._takes_any_answer:
                raise self._garbled(asked, response, asked.quote(text))
            return Answer(
                self.vendor, asked.operation, status, response.headers, text, asked.unknown, self.hide, asked.quote
            )
        words = words or Words()
        problem = _problem(status)
        raise ProviderError(
            self.vendor,
            asked.operation,
            problem,
            status=status,
            code=self.hide(words.code),
            said=self.hide(words.said) or asked.quote(text),
            permanent=problem is not Problem.THROTTLED and status < 500 and status not in (408, 425),
            outcome=asked.unknown if status >= 500 or status == 408 else Outcome.NOTHING,
            retry_after=after,
        )

    def _garbled(self, asked: _Asked, response: httpx.Response, said: str) -> ProviderError:
        return ProviderError(
            self.vendor,
            asked.operation,
            Problem.GARBLED,
            status=response.status_code,
            said=said,
            outcome=asked.unknown,
        )


def _problem(status: int) -> Problem:
    if status in (401, 403):
        return Problem.CREDENTIALS
    if status in (404, 410):
        return Problem.NOT_FOUND
    return Problem.THROTTLED if status == 429 else Problem.REFUSED


def get_ready() -> None:
    """Make what the first call to any vendor needs: to read all the certificates takes as long as some answers."""
    for kind in {"here" if is_loopback(_host(url)) else "outside" for url in settings.DR_VENDOR_URLS.values()}:
        _client_for(kind)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _client_for(kind: str) -> httpx.Client:
    with _making:
        return _client(kind)


@lru_cache(maxsize=3)
def _client(kind: str) -> httpx.Client:
    """One pool of connections a process, made when first needed and thus after the fork. `kind`: of address.

    A connection is not kept for long: a vendor that closes one while we send leaves us not knowing what happened.
    A proxy from the environment is for the real clouds: not for this machine, nor for addresses that are guarded.
    """
    client = httpx.Client(
        headers={
            "User-Agent": f"dr-console/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        },
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=10, keepalive_expiry=5.0),
        follow_redirects=False,
        # A cookie would carry something of one account's calls into those of another.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        verify=httpx.create_ssl_context(),
        trust_env=kind == "outside",
    )
    for transport in [client._transport, *client._mounts.values()]:
        if isinstance(transport, httpx.HTTPTransport):  # httpx has no other way to say who connects
            transport._pool._network_backend = BoundedBackend(addresses.why_not_told if kind == "guarded" else None)
    return client

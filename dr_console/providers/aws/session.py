"""The one place that configures boto3: time-outs, retries, addresses, and errors turned into ProviderError.

https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from functools import lru_cache
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from django.conf import settings
from django.utils.timezone import now

from dr_console import __version__
from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls, dry
from dr_console.providers.aws.answers import AwsAnswer as AwsAnswer
from dr_console.providers.aws.answers import aws_answer
from dr_console.providers.aws.errors import as_provider_error, garbled, raised_by_boto3
from dr_console.providers.credentials import credential, credential_or_none
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import CONNECT_SECONDS, READ_SECONDS
from dr_console.providers.retries import pause_before_next
from dr_console.vendors import is_loopback

NAMES = {"aws": "AWS", "r2": "Cloudflare R2"}
# What AWS's operations that change nothing begin with.
READING = ("get_", "list_", "describe_", "head_", "simulate_", "test_")
GRACE_SECONDS = 0.2  # for botocore's own time-out, which knows more of what happened
_making = Lock()
_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


@dataclass(frozen=True)
class _Account:
    """What a client is made of; those that are alike share one."""

    vendor: str
    region: str
    endpoint: str
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def client(service: str, *, operation: str, region: str | None = None, vendor: str = "aws") -> Any:
    """boto3's client of a service ("rds"), shared by all threads. `vendor`: "aws", or "r2" for Cloudflare's S3.

    Nothing is sent. Raises ProviderError (SETTINGS), naming the setting, where R2's account or key is not set; AWS's
    key may be empty, and then boto3 looks where it always does (instance role, ~/.aws, …).
    """
    account = _r2_account(operation) if vendor == "r2" else _aws_account(operation, region)
    with _making:  # a boto3 Session must not be used by two threads at once; its clients may be
        return _client(service, account)


def call(
    client: Any, method: str, *, operation: str, deadline: Deadline, harmless: bool = False, **params: Any
) -> AwsAnswer:
    """Send what boto3 calls `method` ("create_snapshot"), try again where that can do no harm, and return the answer.

    `harmless`: repeating it cannot do harm. What is not is repeated only when it was not sent, or was throttled.
    A `Body` that is a file is read from where it stands, each time.
    Raises ProviderError.
    """
    attempt, maybe = 1, False
    file: Any = params.get("Body") if hasattr(params.get("Body"), "seek") else None
    start = file.tell() if file else 0
    while True:
        if file:
            file.seek(start)
        try:
            return _attempt(client, method, operation, deadline, attempt, params)
        except ProviderError as error:
            maybe = maybe or error.outcome is Outcome.UNKNOWN
            pause = pause_before_next(error, attempt, harmless=harmless)
            if pause is None or pause >= deadline.left():
                # An earlier try may have been carried out, whatever became of the last.
                error.outcome = Outcome.UNKNOWN if maybe else error.outcome
                raise
        time.sleep(pause)
        attempt += 1


def pages(client: Any, method: str, *, operation: str, deadline: Deadline, **params: Any) -> Iterator[AwsAnswer]:
    """Every page of a listing that boto3 can page through. Reading, so it is repeated where it fails."""
    answers: list[AwsAnswer] = []

    def one_page(**page: Any) -> dict[str, Any]:
        answers[:] = [call(client, method, operation=operation, deadline=deadline, harmless=True, **page)]
        return answers[0].parsed

    paginator = client.get_paginator(method)
    paginator._method = one_page  # it offers no other way to come between, and each page is a call to be recorded
    for _ in paginator.paginate(**params):
        yield answers[0]


def vendor_name(client: Any) -> str:
    """How people write whom this client speaks to: "AWS" or "Cloudflare R2"."""
    endpoint = client.meta.endpoint_url
    r2 = settings.DR_VENDOR_URLS["r2"]
    return NAMES["r2" if (r2 and endpoint.startswith(r2)) or ".r2.cloudflarestorage.com" in endpoint else "aws"]


def translated(client: Any, operation: str, *, reads: bool, act: Callable[[], Any]) -> Any:
    """What `act` returns; what it raises of boto3's (in reading a body, say) as ProviderError.

    For what `call` cannot send: an object's body, a managed transfer. `reads`: it changes nothing.
    """
    dry.about_to_send(vendor_name(client), operation, reads=reads)
    try:
        return act()
    except raised_by_boto3() as error:
        unknown = Outcome.NOTHING if reads else Outcome.UNKNOWN
        known = as_provider_error(error, vendor=vendor_name(client), operation=operation, unknown=unknown)
    # Outside of the block above, so that boto3's error, which may quote what was sent, hangs on nothing of ours.
    raise known


def _attempt(
    client: Any, method: str, operation: str, deadline: Deadline, attempt: int, params: dict[str, Any]
) -> AwsAnswer:
    vendor = vendor_name(client)
    if deadline.has_passed:
        raise ProviderError(vendor, operation, Problem.NOT_IN_TIME)
    reads = method.startswith(READING)
    began, began_at = time.monotonic(), now()
    status: int | None = None
    problem = code = ""
    try:
        parsed = translated(
            client, operation, reads=reads, act=lambda: _in_time(getattr(client, method), params, deadline)
        )
        answer = aws_answer(vendor, operation, parsed, reads=reads)
        status = answer.status
        return answer
    except ProviderError as error:
        status, problem, code = error.status, error.problem.value, error.code
        raise
    finally:
        calls.record(
            calls.Call(
                vendor=vendor,
                operation=operation,
                method=client.meta.method_to_api_mapping.get(method, method),
                url=client.meta.endpoint_url,
                attempt=attempt,
                began_at=began_at,
                seconds=time.monotonic() - began,
                status=status,
                problem=problem,
                code=code,
            )
        )


def _in_time(method: Callable[..., Any], params: dict[str, Any], deadline: Deadline) -> Any:
    """In a thread that nobody waits for beyond the deadline: botocore bounds the wait for each piece, and not for all
    of an answer that comes a byte at a time, nor for the look-up of a name.
    """
    ended: SimpleQueue[tuple[Any, Exception | None]] = SimpleQueue()

    def act() -> None:
        _deadline.set(deadline)
        end: tuple[Any, Exception | None] = None, garbled("it broke down")
        try:
            end = method(**params), None
        except raised_by_boto3() as error:
            end = None, error
        finally:
            ended.put(end)

    Thread(target=copy_context().run, args=(act,), daemon=True, name="aws").start()
    try:
        answer, error = ended.get(timeout=deadline.left() + GRACE_SECONDS)
    except Empty:
        raise TimeoutError from None
    if error:
        raise error
    return answer


def _aws_account(operation: str, region: str | None) -> _Account:
    return _Account(
        vendor="aws",
        region=region or credential("aws", "region", operation=operation),
        endpoint=settings.DR_VENDOR_URLS["aws"],
        key=credential_or_none("aws", "access_key_id"),
        secret=credential_or_none("aws", "secret_access_key"),
        token=credential_or_none("aws", "session_token"),
    )


def _r2_account(operation: str) -> _Account:
    account_id = credential("r2", "account_id", operation=operation)
    return _Account(
        vendor="r2",
        region="auto",
        endpoint=settings.DR_VENDOR_URLS["r2"] or f"https://{account_id}.r2.cloudflarestorage.com",
        key=credential("r2", "access_key_id", operation=operation),
        secret=credential("r2", "secret_access_key", operation=operation),
    )


@lru_cache(maxsize=1)
def _session() -> Any:
    import boto3  # noqa: PLC0415 (20 MB that the web process does without)

    return boto3.Session()


@lru_cache(maxsize=32)
def _client(service: str, account: _Account) -> Any:
    from botocore.config import Config  # noqa: PLC0415

    here = is_loopback(urlsplit(account.endpoint).hostname or "")
    config = Config(  # type: ignore[call-arg]  # the stubs do not know ignore_configured_endpoint_urls
        # One attempt: what may be repeated is our own rule, the same for every vendor.
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        user_agent_extra=f"dr-console/{__version__}",
        max_pool_connections=20,
        # R2 and others that are like S3 do not know the checksums that boto3 sends of its own accord since 1.36.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"} if account.endpoint else None,
        # Addresses come from our settings alone, or the two worlds could mix.
        ignore_configured_endpoint_urls=True,
        # A proxy from the environment is for the real clouds, never for this machine.
        proxies={} if here else None,
    )
    made = _session().client(
        service,
        region_name=account.region,
        endpoint_url=account.endpoint or None,
        aws_access_key_id=account.key or None,
        aws_secret_access_key=account.secret or None,
        aws_session_token=account.token or None,
        config=config,
    )
    made.meta.events.register("before-call", _limit_reading)
    made.meta.events.register("after-call", _refuse_garbage)
    made.meta.events.register_first("before-parse.s3.*", _refuse_page)
    return made


def _limit_reading(context: dict[str, Any], **_: Any) -> None:
    deadline = _deadline.get()
    if deadline:
        context["read_timeout"] = max(0.001, min(READ_SECONDS, deadline.left()))


def _refuse_garbage(http_response: Any, model: Any, **_: Any) -> None:
    """A page of HTML, or what is no JSON, with status 200: boto3's parsers take them for an answer without content."""
    if http_response.status_code >= 300 or model.has_streaming_output or http_response.raw is None:
        return
    body = http_response.content.strip()
    is_page = body[:15].lower().startswith((b"<!doctype html", b"<html"))
    if is_page or (body and model.service_model.resolved_protocol.endswith("json") and not _is_json(body)):
        raise garbled(body[:1000].decode(errors="replace"))


def _refuse_page(response_dict: dict[str, Any], **_: Any) -> None:
    """The same for S3, where botocore makes of a 200 whose body is no XML a 500 that nobody sent."""
    body = response_dict["body"]
    if response_dict["status_code"] in (200, 500) and isinstance(body, bytes) and body.strip() and not _is_xml(body):
        raise garbled(body[:1000].decode(errors="replace"))


def _is_xml(body: bytes) -> bool:
    try:
        ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return False
    return body.strip()[:5].lower() != b"<html"


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True

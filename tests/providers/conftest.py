"""What the clients' tests stand on: a running sandbox, and contracts that hold every call through httpx and boto3."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from dr_console.providers.aws.session import NAMES, vendor_name
from dr_console.providers.deadlines import Deadline
from dr_console.vendors import VENDORS
from tests import contracts
from tests.sandboxed import Sandbox


@pytest.fixture
def soon() -> Deadline:
    return Deadline.after(20)


@pytest.fixture
def in_sandbox(sandbox: Sandbox, settings: Any) -> Sandbox:
    """The sandbox, with the settings leading to it."""
    settings.DR_VENDOR_URLS = sandbox.vendor_urls()
    settings.DR_SANDBOX_URL, settings.DR_EDGE_URL = sandbox.url, f"{sandbox.url}/edge"
    return sandbox


@pytest.fixture
def held(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call of our httpx and boto3 clients, on whatever wire, is held to its contract.

    Not for tests of wrong answers.
    """
    send = httpx.Client.send

    def send_and_hold(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        response = send(self, request, **options)
        response.read()
        _hold(settings.DR_VENDOR_URLS, request, response)
        return response

    monkeypatch.setattr(httpx.Client, "send", send_and_hold)
    call = BaseClient._make_api_call

    def call_and_hold(self: BaseClient, method: str, params: dict[str, Any]) -> Any:
        try:
            answer = call(self, method, params)
        except ClientError as error:
            _hold_operation(self, method, params, error.response)
            raise
        _hold_operation(self, method, params, answer)
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", call_and_hold)


def _hold_operation(client: BaseClient, method: str, params: dict[str, Any], answer: Any) -> None:
    """Of AWS and R2, as boto3 sends and parses it: times as ISO texts, bytes as text, a stream as "<stream>"."""
    contracts.hold(
        "r2" if vendor_name(client) == NAMES["r2"] else "aws",
        "",
        f"{client.meta.service_model.service_name}.{method}",
        query={},
        request=_plain(params),
        status=answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 200),
        answer=_plain({name: value for name, value in answer.items() if name != "ResponseMetadata"}),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if value is None or isinstance(value, str | int | float | bool) else "<stream>"


def _hold(urls: dict[str, str], request: httpx.Request, response: httpx.Response) -> None:
    address = str(request.url.copy_with(query=None))
    for vendor in sorted((name for name in VENDORS if urls[name]), key=lambda name: -len(urls[name])):
        if address.startswith(urls[vendor] + "/"):
            contracts.hold(
                vendor,
                request.method,
                address.removeprefix(urls[vendor]),
                query=dict(request.url.params),
                request=_sent(request),
                status=response.status_code,
                answer=_body(response.content),
            )
            break  # PagerDuty's events lie below its REST API in the sandbox


def _sent(request: httpx.Request) -> Any:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        fields = parse_qs(request.content.decode(), keep_blank_values=True)
        return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}
    return _body(request.content)


def _body(content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")

"""Signed webhooks: what is sent, who believes it, and addresses that must not be asked."""

from __future__ import annotations

import base64
import json
import socket
import time
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls, registry
from dr_console.providers.calls import Call
from dr_console.providers.capabilities.webhook import Message, WebhookProvider
from dr_console.providers.deadlines import Deadline
from dr_console.providers.signatures import Verdict
from dr_console.providers.webhook import signed, verify
from tests.providers import misbehaving as server_module
from tests.providers.misbehaving import Misbehaving, resets, says

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the specification's example
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes ......").decode()
MESSAGE = Message("msg_1", "incident.declared", "2026-11-22T14:30:00Z", {"reference": "INC-2026-001", "title": "东京"})


@pytest.fixture
def hook() -> Iterator[Misbehaving]:
    with server_module.misbehaving() as server:
        yield server


@pytest.fixture
def sender() -> WebhookProvider:
    return registry.webhook()


@pytest.fixture
def live(settings: Any) -> Any:
    settings.DR_MODE = "live"
    return settings


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names lead to."""
    known: dict[str, list[str]] = {}
    as_usual = socket.getaddrinfo

    def look_up(host: str, port: int, *arguments: Any, **options: Any) -> list[Any]:
        if host == "127.0.0.1":
            return as_usual(host, port, *arguments, **options)
        if host not in known:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def send(sender: WebhookProvider, url: str, *, secrets: tuple[str, ...] = (SECRET,), seconds: float = 5) -> int:
    return sender.send(url, MESSAGE, secrets=secrets, deadline=Deadline.after(seconds))


def refused(sender: WebhookProvider, url: str, **options: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        send(sender, url, **options)
    return caught.value


def _headers(head: str) -> dict[str, str]:
    lines = (line.partition(": ") for line in head.split("\r\n")[1:])
    return {name.lower(): value for name, _, value in lines}


# --- What is sent ---------------------------------------------------------------------------------


def test_a_message_is_signed_so_that_whoever_has_the_secret_believes_it(
    sender: WebhookProvider, hook: Misbehaving
) -> None:
    hook.does(says(b"", 204))
    assert send(sender, f"{hook.url}/hooks/1?team=a") == 204
    (head, body) = hook.asked[0]
    assert head.startswith("POST /hooks/1?team=a HTTP/1.1")
    assert json.loads(body) == {"type": MESSAGE.type, "timestamp": MESSAGE.at, "data": dict(MESSAGE.data)}
    headers = _headers(head)
    assert headers["webhook-id"] == "msg_1"
    assert verify(headers, body, secrets=[SECRET], at=time.time()) is Verdict.GENUINE


def test_the_specifications_own_example_is_signed_as_it_says(time_machine: Any) -> None:
    time_machine.move_to(1674087231)
    body = b'{"type": "example"}'
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", body, [SECRET])
    assert headers["webhook-timestamp"] == "1674087231"
    assert verify(headers, body, secrets=[SECRET], at=1674087231) is Verdict.GENUINE
    known = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert verify(known, b'{"test": 2432232314}', secrets=[SECRET], at=1614265330) is Verdict.GENUINE


def test_while_a_secret_is_changed_both_are_signed_with(sender: WebhookProvider, hook: Misbehaving) -> None:
    hook.does(says())
    send(sender, hook.url, secrets=(OTHER, SECRET))
    head, body = hook.asked[0]
    for secret in (SECRET, OTHER):
        assert verify(_headers(head), body, secrets=[secret], at=time.time()) is Verdict.GENUINE


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"webhook-id": "msg_2"}, Verdict.FORGED),
        ({"webhook-timestamp": "1674087232"}, Verdict.FORGED),
        ({"webhook-signature": "v1,AAAA"}, Verdict.FORGED),
        ({"webhook-signature": "v1a,AAAA"}, Verdict.UNSIGNED),
        ({"webhook-signature": ""}, Verdict.UNSIGNED),
        ({"webhook-timestamp": "soon"}, Verdict.UNSIGNED),
        ({"webhook-id": ""}, Verdict.UNSIGNED),
    ],
)
def test_what_was_changed_on_the_way_is_not_believed(time_machine: Any, change: dict[str, str], verdict: str) -> None:
    time_machine.move_to(1674087231, tick=False)
    headers = signed("msg_1", b"{}", [SECRET])
    assert verify({**headers, **change}, b"{}", secrets=[SECRET], at=1674087231) is verdict
    assert verify(headers, b"{ }", secrets=[SECRET], at=1674087231) is Verdict.FORGED
    assert verify(headers, b"{}", secrets=[OTHER], at=1674087231) is Verdict.FORGED
    assert verify(headers, b"{}", secrets=[], at=1674087231) is Verdict.FORGED
    assert verify(headers, b"{}", secrets=[SECRET], at=1674087231 + 301) is Verdict.STALE


# --- What comes back ------------------------------------------------------------------------------


def test_a_page_as_an_answer_is_a_yes(sender: WebhookProvider, hook: Misbehaving) -> None:
    hook.does(says(b"<!DOCTYPE html><p>ok"))
    assert send(sender, hook.url) == 200


def test_it_is_sent_again_under_the_same_id_as_the_receiver_then_knows_it(
    sender: WebhookProvider, hook: Misbehaving
) -> None:
    hook.does(resets(), says(b"", 503), says())
    send(sender, hook.url)
    assert [_headers(head)["webhook-id"] for head, _body in hook.asked] == ["msg_1"] * 3


def test_who_wants_no_more_is_told_apart(sender: WebhookProvider, hook: Misbehaving) -> None:
    hook.does(says(b"", 410))
    error = refused(sender, hook.url)
    assert (error.status, error.problem, error.permanent) == (410, Problem.NOT_FOUND, True)


def test_a_redirect_is_not_followed(sender: WebhookProvider, hook: Misbehaving) -> None:
    hook.does(says(b"", 307, "Location: http://169.254.169.254/"))
    assert refused(sender, hook.url).problem is Problem.GARBLED
    assert len(hook.asked) == 1


def test_the_address_of_a_hook_is_hidden_as_it_is_often_the_key(sender: WebhookProvider, hook: Misbehaving) -> None:
    heard: list[Call] = []
    hook.does(says(b"no /services/T0/hunter2 here", 400))
    with calls.heard_by(heard.append):
        error = refused(sender, f"{hook.url}/services/T0/hunter2?sig=hunter3")
    shown = "".join(traceback.format_exception(error)) + str(error) + repr(heard)
    assert "hunter" not in shown.replace('hunter2?sig=hunter3")', "")


# --- Addresses that must not be asked -------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https://user:pass@example.com/",
        "https://[::1",
        "https://example.com:99999/",
        "http://example.com/",
    ],
)
@pytest.mark.usefixtures("live")
def test_what_is_no_address_is_not_asked(sender: WebhookProvider, url: str) -> None:
    error = refused(sender, url)
    assert (error.problem, error.permanent, error.outcome) == (Problem.SETTINGS, True, Outcome.NOTHING)
    assert "pass" not in error.said.replace("password", "")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "224.0.0.1",
        "2130706433",
        "0x7f.1",
        "127.1",
    ],
)
@pytest.mark.usefixtures("live")
def test_what_is_inside_is_not_asked_however_it_is_written(sender: WebhookProvider, host: str) -> None:
    error = refused(sender, f"https://{host}/")
    assert (error.problem, error.permanent) == (Problem.SETTINGS, True)


@pytest.mark.usefixtures("live")
def test_a_name_that_leads_inside_is_not_asked(sender: WebhookProvider, names: dict[str, list[str]]) -> None:
    names["innocent.example.com"] = ["169.254.169.254", "10.0.0.1"]
    error = refused(sender, "https://innocent.example.com/")
    assert (error.problem, error.permanent) == (Problem.SETTINGS, True)
    assert "169.254.169.254" in error.said


def test_what_was_looked_at_is_what_is_connected_to(
    sender: WebhookProvider, hook: Misbehaving, live: Any, names: dict[str, list[str]]
) -> None:
    """A name may lead elsewhere a moment later: it is asked once, and of its addresses only those that are allowed."""
    live.DR_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    names["hooks.example.com"] = ["10.0.0.1", "127.0.0.1"]
    hook.does(says())
    send(sender, hook.url.replace("127.0.0.1", "hooks.example.com"))
    assert _headers(hook.asked[0][0])["host"].startswith("hooks.example.com")


def test_a_network_that_is_allowed_may_be_asked(sender: WebhookProvider, hook: Misbehaving, live: Any) -> None:
    hook.does(says())
    assert refused(sender, hook.url).problem is Problem.SETTINGS
    live.DR_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    assert send(sender, hook.url) == 200


def test_in_the_sandbox_nothing_leaves_this_machine(
    sender: WebhookProvider, settings: Any, names: dict[str, list[str]]
) -> None:
    settings.DR_ALLOWED_NETWORKS = ["0.0.0.0/0"]
    names["hooks.example.com"] = ["93.184.215.14"]
    for url in ("https://hooks.example.com/", "https://93.184.215.14/", "http://10.0.0.1/"):
        error = refused(sender, url)
        assert error.problem is Problem.SETTINGS
        assert "not on this machine" in error.said


def test_a_proxy_from_the_environment_does_not_get_around_it(
    sender: WebhookProvider, hook: Misbehaving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    hook.does(says())
    assert send(sender, hook.url) == 200


# --- Secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "hunter2", "whsec_" + base64.b64encode(b"x" * 65).decode(), "whsec_€"]
)
def test_a_secret_that_is_none_is_named_and_not_quoted(sender: WebhookProvider, secret: str) -> None:
    error = refused(sender, "http://127.0.0.1:1/", secrets=(secret,))
    assert (error.problem, error.permanent) == (Problem.SETTINGS, True)
    assert "hunter2" not in str(error)


def test_without_a_secret_nothing_is_sent(sender: WebhookProvider) -> None:
    assert refused(sender, "http://127.0.0.1:1/", secrets=()).problem is Problem.SETTINGS


@respx.mock
def test_a_public_address_is_asked(sender: WebhookProvider, live: Any) -> None:
    route = respx.post("https://hooks.example.com/x").mock(return_value=httpx.Response(200))
    assert send(sender, "https://hooks.example.com/x") == 200
    assert route.called

"""The sandbox's mail server, as any program that sends mail finds it."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from tests.ports import free_port
from tests.sandboxed import Sandbox, running_sandbox


@pytest.fixture(scope="module")
def _served() -> Iterator[tuple[Sandbox, int]]:
    port = free_port()
    with running_sandbox("--smtp-port", str(port)) as sandbox:
        yield sandbox, port


@pytest.fixture
def sandbox(_served: tuple[Sandbox, int]) -> Sandbox:
    _served[0].reset()
    return _served[0]


@pytest.fixture
def server(_served: tuple[Sandbox, int], sandbox: Sandbox) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", _served[1], timeout=10) as server:
        yield server


def letter(text: str = "Tokyo does not answer.") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "dr@example.com", "ada@example.com", "P0 东京"
    made["Message-ID"] = "<1@dr.example.com>"
    made.set_content(text)
    return made


def arrived(sandbox: Sandbox) -> list[str]:
    return [effect["target"] for effect in sandbox.get("/truth/effects", vendor="email")["effects"]]


def test_a_letter_arrives_at_everyone_it_is_for(server: smtplib.SMTP, sandbox: Sandbox):
    assert server.send_message(letter(), to_addrs=["ada@example.com", "bob@example.com"]) == {}
    assert arrived(sandbox) == ["ada@example.com", "bob@example.com"]


def test_one_address_is_refused_and_the_other_is_not(server: smtplib.SMTP, sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "error", "vendor": "email", "route": "RCPT bob*", "status": 550})
    refused = server.send_message(letter(), to_addrs=["ada@example.com", "bob@example.com"])
    assert refused["bob@example.com"][0] == 550
    assert arrived(sandbox) == ["ada@example.com"]


def test_a_refusal_for_now_begins_with_4(server: smtplib.SMTP, sandbox: Sandbox):
    sandbox.post("/faults", {"kind": "throttled", "vendor": "email"})
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        server.send_message(letter())
    assert caught.value.recipients["ada@example.com"][0] == 451


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"no headers",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"Subject: \xe4\r\n\r\n",
    ],
)
def test_whatever_is_sent_the_server_goes_on(server: smtplib.SMTP, sandbox: Sandbox, content: bytes):
    server.sendmail("dr@example.com", ["ada@example.com"], content)
    assert arrived(sandbox) == ["ada@example.com"]


def test_many_letters_may_come_by_one_connection(server: smtplib.SMTP, sandbox: Sandbox):
    for _ in range(5):
        server.send_message(letter())
    assert len(arrived(sandbox)) == 5

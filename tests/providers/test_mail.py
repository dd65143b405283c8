"""Mail: against real servers that say what a test tells them to, and against the sandbox's."""

from __future__ import annotations

import asyncio
import email
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from django.core import mail as django_mail

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls, mail_checks, registry
from dr_console.providers.capabilities.mail import Letter
from dr_console.providers.deadlines import Deadline
from dr_console.providers.mail import SMTP_BACKEND, SmtpMail
from tests.ports import free_port
from tests.sandboxed import running_sandbox

ADA, BOB = "ada@example.com", "bob@example.com"
LETTER = Letter(
    id="<INC-2026-001.declared@dr.example.com>",
    to=[ADA],
    subject="P0 东京无响应",
    text="Tokyo does not answer.\n.\nA line with a dot.\n",
    html="<p>Tokyo does not answer.</p>",
)


class Server:
    """What aiosmtpd asks; `answers` by step or address, `letters` that arrived."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.silent = ""
        self.letters: list[tuple[list[str], EmailMessage, bytes]] = []
        self.users: list[str] = []

    async def _say(self, step: str, otherwise: str) -> str:
        if self.silent == step:
            await asyncio.sleep(30)
        return self.answers.get(step, otherwise)

    async def handle_MAIL(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        return await self._say("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        said = await self._say(address, "250 OK")
        if said.startswith("2"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        letter = email.message_from_bytes(content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.letters.append((envelope.rcpt_tos, letter, content))
        return await self._say("DATA", "250 2.0.0 OK queued as 4F00BA")

    def login(self, server: Any, session: Session, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.users.append(given.login.decode())
        return AuthResult(success=given.password == b"hunter2", handled=False)


@contextmanager
def listening(server: Server, settings: Any, **options: Any) -> Iterator[Controller]:
    controller = Controller(server, hostname="127.0.0.1", port=free_port(), ready_timeout=10, **options)
    controller.start()
    try:
        leads_to(settings, controller.port)
        yield controller
    finally:
        controller.stop()


def leads_to(settings: Any, port: int, **more: Any) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP_BACKEND, "127.0.0.1", port
    for name in ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL"):
        setattr(settings, name, more.get(name, "" if "HOST" in name else False))
    settings.EMAIL_TIMEOUT = more.get("EMAIL_TIMEOUT", 5)


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    server = Server()
    with listening(server, settings):
        yield server


def refusal(deadline: Deadline, letter: Letter = LETTER) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        SmtpMail().send(letter, deadline=deadline)
    return caught.value


def test_a_letter_arrives_as_it_was_written(server: Server, soon: Deadline):
    done = registry.mail().send(LETTER, deadline=soon)
    assert (done.id, done.accepted, dict(done.refused)) == (LETTER.id, (ADA,), {})
    assert done.said == "2.0.0 OK queued as 4F00BA"
    ((to, letter, _raw),) = server.letters
    assert to == [ADA]
    assert (letter["Message-ID"], letter["Subject"], letter["To"]) == (LETTER.id, LETTER.subject, ADA)
    assert letter["Auto-Submitted"] == "auto-generated"
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == LETTER.text
    assert html is not None
    assert "<p>" in html.get_content()


def test_every_line_ends_as_mail_wants_it(server: Server, soon: Deadline):
    SmtpMail().send(LETTER, deadline=soon)
    raw = server.letters[0][2]
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_answers_make_a_thread(server: Server, soon: Deadline):
    answer = Letter("<2@dr.example.com>", [ADA], "Re", "text", answers=["<1@dr.example.com>", LETTER.id])
    SmtpMail().send(answer, deadline=soon)
    letter = server.letters[0][1]
    assert letter["In-Reply-To"] == LETTER.id
    assert letter["References"] == f"<1@dr.example.com> {LETTER.id}"


@pytest.mark.parametrize(
    "letter",
    [
        Letter("<1@x>\r\nBcc: eve@example.com", [ADA], "s", "t"),
        Letter("<1@x>", [ADA], "s\nBcc: eve@example.com", "t"),
        Letter("<1@x>", ["ada@example.com\nBcc: eve@example.com"], "s", "t"),
    ],
)
def test_nobody_gets_a_header_in(server: Server, soon: Deadline, letter: Letter):
    error = refusal(soon, letter)
    assert (error.problem, error.permanent) == (Problem.REFUSED, True)
    assert server.letters == []


def test_an_address_that_is_refused_does_not_keep_the_letter_from_the_others(server: Server, soon: Deadline):
    server.answers[BOB] = "550 5.1.1 No such mailbox"
    done = SmtpMail().send(Letter("<1@x>", [ADA, BOB], "s", "t"), deadline=soon)
    assert done.accepted == (ADA,)
    assert (done.refused[BOB].code, done.refused[BOB].permanent) == (550, True)
    assert done.refused[BOB].said == "5.1.1 No such mailbox"
    assert server.letters[0][0] == [ADA]


@pytest.mark.parametrize(
    ("ada", "bob", "permanent"), [("550 no", "550 no", True), ("451 later", "550 no", False), ("451 a", "452 b", False)]
)
def test_where_nobody_is_left_it_is_an_error(server: Server, soon: Deadline, ada: str, bob: str, permanent: bool):
    server.answers = {ADA: ada, BOB: bob}
    error = refusal(soon, Letter("<1@x>", [ADA, BOB], "s", "t"))
    assert (error.problem, error.permanent, error.outcome) == (Problem.REFUSED, permanent, Outcome.NOTHING)
    assert f"{ADA}: {ada}; {BOB}: {bob}" in str(error)


@pytest.mark.parametrize(
    ("step", "said", "permanent"),
    [
        ("MAIL", "451 4.7.1 Greylisted", False),
        ("MAIL", "553 5.1.8 Sender not allowed", True),
        ("MAIL", "421 4.3.2 Closing", False),
        ("DATA", "451 4.3.0 Try later", False),
        ("DATA", "554 5.7.1 Looks like spam", True),
        ("DATA", "552 5.3.4 Too large", True),
    ],
)
def test_4xx_is_for_now_and_5xx_for_good_in_the_servers_own_words(
    server: Server, soon: Deadline, step: str, said: str, permanent: bool
):
    server.answers[step] = said
    error = refusal(soon)
    code, words = said.split(" ", 1)
    assert (error.code, error.said, error.permanent, error.outcome) == (code, words, permanent, Outcome.NOTHING)


@pytest.mark.parametrize(
    ("step", "outcome"), [("MAIL", Outcome.NOTHING), (ADA, Outcome.NOTHING), ("DATA", Outcome.UNKNOWN)]
)
def test_a_server_that_falls_silent(server: Server, settings: Any, soon: Deadline, step: str, outcome: Outcome):
    server.silent = step
    settings.EMAIL_TIMEOUT = 0.5
    error = refusal(soon)
    assert (error.problem, error.outcome) == (Problem.TIMED_OUT, outcome)
    assert ("It may have happened" in str(error)) is (outcome is Outcome.UNKNOWN)


def test_the_deadline_counts_for_all_steps_together(server: Server):
    server.silent = ADA
    error = refusal(Deadline.after(0.5))
    assert error.outcome is Outcome.NOTHING
    error = refusal(Deadline.after(0))
    assert (error.problem, error.outcome) == (Problem.NOT_IN_TIME, Outcome.NOTHING)


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
def test_a_connection_that_breaks_before_the_letter_was_sent_did_nothing(settings: Any, soon: Deadline, after: int):
    with talking([b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go"][:after]) as port:
        leads_to(settings, port)
        assert refusal(soon).outcome is Outcome.NOTHING


def test_a_connection_that_breaks_after_it_leaves_that_open(settings: Any, soon: Deadline):
    with talking([b"220 hi", b"250 hi", b"250 ok", b"250 ok", b"354 go", b""]) as port:
        leads_to(settings, port)
        error = refusal(soon)
    assert (error.problem, error.outcome) == (Problem.BROKEN, Outcome.UNKNOWN)


@pytest.mark.parametrize("greeting", [b"554 not here", b"HTTP/1.1 400 Bad Request", b"\xff\xfe"])
def test_what_is_no_mail_server_is_told_apart(settings: Any, soon: Deadline, greeting: bytes):
    with talking([greeting]) as port:
        leads_to(settings, port)
        error = refusal(soon)
    assert error.outcome is Outcome.NOTHING
    assert error.problem in (Problem.REFUSED, Problem.UNREACHABLE, Problem.BROKEN)


def test_nobody_listening_is_unreachable(settings: Any, soon: Deadline):
    leads_to(settings, free_port())
    error = refusal(soon)
    assert (error.problem, error.outcome, error.permanent) == (Problem.UNREACHABLE, Outcome.NOTHING, False)


def test_logging_in(settings: Any, soon: Deadline):
    server = Server()
    with listening(server, settings, authenticator=server.login, auth_required=True, auth_require_tls=False) as here:
        leads_to(settings, here.port, EMAIL_HOST_USER="dr", EMAIL_HOST_PASSWORD="hunter2")
        SmtpMail().send(LETTER, deadline=soon)
        assert server.users == ["dr"]
        leads_to(settings, here.port, EMAIL_HOST_USER="dr", EMAIL_HOST_PASSWORD="wrong-hunter3")
        error = refusal(soon)
        assert (error.problem, error.permanent, error.code) == (Problem.CREDENTIALS, True, "535")
        assert "hunter3" not in f"{error} {error!r}"
        leads_to(settings, here.port, EMAIL_HOST_USER="值班", EMAIL_HOST_PASSWORD="密码")
        assert refusal(soon).problem is Problem.CREDENTIALS
        leads_to(settings, here.port)
        assert refusal(soon).problem is Problem.CREDENTIALS  # 530: authentication required


def test_tls_is_not_done_without_where_it_is_asked_for(server: Server, settings: Any, soon: Deadline):
    leads_to(settings, settings.EMAIL_PORT, EMAIL_USE_TLS=True)
    error = refusal(soon)
    assert (error.outcome, error.permanent) == (Outcome.NOTHING, True)
    assert "STARTTLS" in str(error)
    assert server.letters == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", made, "-days", "2"]
        + ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )
    return made, key


def test_starttls_with_a_certificate_that_we_trust(
    certificate: tuple[Path, Path], settings: Any, soon: Deadline, monkeypatch: pytest.MonkeyPatch
):
    server, context = Server(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with listening(server, settings, tls_context=context, require_starttls=True) as here:
        leads_to(settings, here.port, EMAIL_USE_TLS=True)
        error = refusal(soon)  # nobody has signed this certificate
        assert error.outcome is Outcome.NOTHING
        assert "certificate" in str(error).lower()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        assert SmtpMail().send(LETTER, deadline=soon).accepted == (ADA,)


def test_a_login_can_be_checked_without_a_letter(server: Server, soon: Deadline):
    (finding,) = mail_checks.login(soon)
    assert finding.state.value == "ok"
    assert server.letters == []


def test_each_letter_leaves_a_record(server: Server, soon: Deadline):
    heard: list[calls.Call] = []
    with calls.heard_by(heard.append):
        SmtpMail().send(LETTER, deadline=soon)
        server.answers["DATA"] = "451 later"
        refusal(soon)
    assert [(call.method, call.problem, call.code) for call in heard] == [("SMTP", "", ""), ("SMTP", "refused", "451")]


def test_where_there_is_no_server_django_takes_it(soon: Deadline):
    done = SmtpMail().send(LETTER, deadline=soon)  # the tests' settings keep mail in memory
    assert done.accepted == (ADA,)
    assert django_mail.outbox[0].subject == LETTER.subject
    with pytest.raises(ProviderError) as caught:
        SmtpMail().check(deadline=soon)
    assert caught.value.problem is Problem.SETTINGS


@pytest.fixture(scope="module")
def sandbox_mail() -> Iterator[tuple[Any, int]]:
    port = free_port()
    with running_sandbox("--smtp-port", str(port)) as sandbox:
        yield sandbox, port


def test_a_letter_to_the_sandbox_ends_in_its_outbox(sandbox_mail: Any, settings: Any, soon: Deadline):
    sandbox, port = sandbox_mail
    leads_to(settings, port)
    SmtpMail().send(LETTER, deadline=soon)
    django_mail.send_mail("Reset", "By Django's own way", None, [BOB])
    effects = sandbox.get("/truth/effects", vendor="email")["effects"]
    assert [effect["target"] for effect in effects] == [ADA, BOB]


def test_the_sandbox_refuses_when_it_is_told_to(sandbox_mail: Any, settings: Any, soon: Deadline):
    sandbox, port = sandbox_mail
    leads_to(settings, port)
    for status, permanent in ((550, True), (451, False)):
        rule = {"kind": "error", "vendor": "email", "route": f"RCPT {ADA}", "status": status, "times": 1}
        sandbox.post("/faults", rule)
        assert refusal(soon).permanent is permanent


@contextmanager
def talking(lines: list[bytes]) -> Iterator[int]:
    """A server that says one line for each that it hears, beginning unasked, and then hangs up.

    After 354 it hears lines until the letter's end.
    """

    def talk() -> None:
        connection, _address = listener.accept()
        with connection, connection.makefile("rb") as heard:
            hear: Callable[[], bytes] = heard.readline
            for number, line in enumerate(lines):
                if number and lines[number - 1].startswith(b"354"):
                    while hear() not in (b".\r\n", b""):
                        pass
                elif number:
                    hear()
                if line:
                    connection.sendall(line + b"\r\n")
            if lines and lines[-1]:
                hear()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join(5)

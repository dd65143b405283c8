"""Mail over SMTP: one letter a connection, and every word that the server says of it.

RFC 5321: 4yz is "not now", 5yz is "never"; what lies between the end of the letter and the server's answer, nobody
knows (section 4.2.5 leaves the letter with whoever said 250 last).
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.errors import MessageError
from email.utils import parseaddr
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import sanitize_address
from django.core.mail.utils import DNS_NAME
from django.utils.timezone import now
from django.utils.translation import gettext_noop as _

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import calls
from dr_console.providers.capabilities.mail import Letter, Mailed, Refusal
from dr_console.providers.deadlines import Deadline

VENDOR = "Mail"
SEND = _("send a letter")
CHECK = _("log in to the mail server")
SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
CONNECT_SECONDS = 3.0
QUOTED_CHARACTERS = 200


class SmtpMail:
    """A MailProvider on EMAIL_URL. Where that is no mail server but the log or a folder, Django takes the letter."""

    def send(self, letter: Letter, *, deadline: Deadline) -> Mailed:
        message, content = _written(letter)
        if settings.EMAIL_BACKEND != SMTP_BACKEND:
            try:
                get_connection().send_messages([message])
            except OSError as error:
                raise ProviderError(VENDOR, SEND, Problem.BROKEN, said=_quoted(str(error))) from error
            return Mailed(letter.id, tuple(letter.to), {})
        with _recorded(SEND):
            return _Conversation(SEND, deadline).send(letter, content)

    def check(self, *, deadline: Deadline) -> str:
        if settings.EMAIL_BACKEND != SMTP_BACKEND:
            raise ProviderError(VENDOR, CHECK, Problem.SETTINGS, said="EMAIL_URL", permanent=True)
        with _recorded(CHECK):
            return _Conversation(CHECK, deadline).check()


class _Conversation:
    """One connection. Until the letter's last line is sent nothing has happened, whatever goes wrong."""

    def __init__(self, operation: str, deadline: Deadline) -> None:
        self._operation, self._deadline = operation, deadline
        self._outcome = Outcome.NOTHING

    def send(self, letter: Letter, content: bytes) -> Mailed:
        with self._connected() as server:
            sender = _address(settings.DEFAULT_FROM_EMAIL)
            self._must(server, lambda: server.mail(sender))
            refused: dict[str, Refusal] = {}
            for to in letter.to:
                code, said = self._say(server, partial(server.rcpt, _address(to)))
                if code not in (250, 251):
                    refused[to] = Refusal(code, said, permanent=code >= 500)
            accepted = tuple(to for to in letter.to if to not in refused)
            if not accepted:
                self._nobody(refused)
            said = self._give(server, content)
            return Mailed(letter.id, accepted, refused, said)

    def check(self) -> str:
        with self._connected() as server:
            code, said = self._say(server, server.noop)
            return f"{code} {said}"

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """A secured and logged-in connection; whatever breaks it comes out as ProviderError."""
        try:
            server = self._connect()
        except smtplib.SMTPResponseException as error:
            raise self._refused(error.smtp_code, _words(error.smtp_error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._error(Problem.UNREACHABLE, _quoted(str(error))) from error
        try:
            self._greet(server)
            yield server
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise self._broken_off(error) from error
        finally:
            server.close()

    def _broken_off(self, error: Exception) -> ProviderError:
        if isinstance(error, UnicodeError):
            return self._error(Problem.CREDENTIALS, "user or password are not ASCII", permanent=True)
        if isinstance(error, smtplib.SMTPNotSupportedError):
            # Said where TLS or a login is wanted and the server offers none: it is not done without.
            return self._error(Problem.CREDENTIALS, _quoted(str(error)), permanent=True)
        if isinstance(error, smtplib.SMTPResponseException):
            denied = isinstance(error, smtplib.SMTPAuthenticationError)
            problem = Problem.CREDENTIALS if denied else Problem.REFUSED
            return self._refused(error.smtp_code, _words(error.smtp_error), problem)
        # smtplib tells of a time-out while it reads an answer as of a connection that was closed.
        if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return self._error(Problem.TIMED_OUT)
        return self._error(Problem.BROKEN, _quoted(str(error)))

    def _connect(self) -> smtplib.SMTP:
        host, port, seconds = settings.EMAIL_HOST, settings.EMAIL_PORT, self._seconds(CONNECT_SECONDS)
        if settings.EMAIL_USE_SSL:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, local_hostname=str(DNS_NAME), timeout=seconds, context=context)
        return smtplib.SMTP(host, port, local_hostname=str(DNS_NAME), timeout=seconds)

    def _greet(self, server: smtplib.SMTP) -> None:
        self._limit(server)
        server.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if settings.EMAIL_HOST_USER and settings.EMAIL_HOST_PASSWORD:
            self._limit(server)
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)

    def _give(self, server: smtplib.SMTP, content: bytes) -> str:
        """Send the letter itself. Returns what the server said when it took it."""
        self._must(server, lambda: server.docmd("data"), expected=354)
        lines = re.sub(rb"(?m)^\.", b"..", content)
        if not lines.endswith(b"\r\n"):
            lines += b"\r\n"
        self._limit(server)
        server.send(lines)  # without its last line, a dot: a server that never sees that takes nothing
        self._outcome = Outcome.UNKNOWN
        server.send(b".\r\n")
        code, said = self._say(server, server.getreply)
        if code != 250:
            self._outcome = Outcome.NOTHING
            raise self._refused(code, said)
        return said

    def _must(self, server: smtplib.SMTP, ask: Callable[[], tuple[int, Any]], *, expected: int = 250) -> None:
        code, said = self._say(server, ask)
        if code != expected:
            raise self._refused(code, said)

    def _say(self, server: smtplib.SMTP, ask: Callable[[], tuple[int, Any]]) -> tuple[int, str]:
        self._limit(server)
        code, said = ask()
        if code == 421:  # "closing": whatever it was asked, it does not do it
            self._outcome = Outcome.NOTHING
            raise self._refused(code, _words(said))
        return code, _words(said)

    def _limit(self, server: smtplib.SMTP) -> None:
        if server.sock is not None:
            server.sock.settimeout(self._seconds(settings.EMAIL_TIMEOUT or 10))

    def _seconds(self, most: float) -> float:
        if self._deadline.has_passed:
            raise self._error(Problem.NOT_IN_TIME if self._outcome is Outcome.NOTHING else Problem.TIMED_OUT)
        return min(most, self._deadline.left())

    def _nobody(self, refused: dict[str, Refusal]) -> None:
        """Nobody was left to send it to."""
        said = "; ".join(f"{to}: {one.code} {one.said}" for to, one in refused.items())
        permanent = all(one.permanent for one in refused.values())
        first = next(iter(refused.values()))
        raise self._error(Problem.REFUSED, said, code=str(first.code), permanent=permanent)

    def _refused(self, code: int, said: str, problem: Problem = Problem.REFUSED) -> ProviderError:
        problem = Problem.CREDENTIALS if code in (530, 534, 535) else problem
        return self._error(problem, said, code=str(code), permanent=code >= 500)

    def _error(self, problem: Problem, said: str = "", *, code: str = "", permanent: bool = False) -> ProviderError:
        password = settings.EMAIL_HOST_PASSWORD
        said = said.replace(password, "•••") if password else said
        return ProviderError(
            VENDOR, self._operation, problem, code=code, said=said, permanent=permanent, outcome=self._outcome
        )


@contextmanager
def _recorded(operation: str) -> Iterator[None]:
    began, began_at, problem, code = time.monotonic(), now(), "", ""
    try:
        yield
    except ProviderError as error:
        problem, code = error.problem.value, error.code
        raise
    finally:
        calls.record(
            calls.Call(
                vendor=VENDOR,
                operation=operation,
                method="SMTP",
                url=f"smtp://{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
                attempt=1,
                began_at=began_at,
                seconds=time.monotonic() - began,
                problem=problem,
                code=code,
            )
        )


def _message(letter: Letter) -> EmailMultiAlternatives:
    """Django's message, which refuses line breaks in headers."""
    headers = {**letter.headers, "Message-ID": letter.id, "Auto-Submitted": "auto-generated"}
    if letter.answers:
        headers |= {"In-Reply-To": letter.answers[-1], "References": " ".join(letter.answers)}
    message = EmailMultiAlternatives(
        letter.subject, letter.text, settings.DEFAULT_FROM_EMAIL, list(letter.to), headers=headers
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    return message


def _written(letter: Letter) -> tuple[EmailMultiAlternatives, bytes]:
    """The letter as Django keeps it and as it is sent. Raises ProviderError for an address or a header that is none."""
    try:
        for to in letter.to:
            _address(to)
        message = _message(letter)
        content: bytes = cast(Any, message.message()).as_bytes(linesep="\r\n")
    except (ValueError, MessageError) as error:
        raise ProviderError(VENDOR, SEND, Problem.REFUSED, said=_quoted(str(error)), permanent=True) from error
    return message, content


def _address(text: str) -> str:
    """The bare address of "Name <address>"."""
    return parseaddr(sanitize_address(text, "utf-8"))[1]


def _words(said: bytes | str | Any) -> str:
    return _quoted(said.decode(errors="replace") if isinstance(said, bytes) else str(said))


def _quoted(text: str) -> str:
    shown = " ".join(text.split())
    return shown[:QUOTED_CHARACTERS]

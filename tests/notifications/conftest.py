"""What the tests of messages stand on: a sandbox that takes all of them, mail too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dr_console.notifications import purposes
from dr_console.providers.mail import SMTP_BACKEND
from tests.notifications import asked as asked_module
from tests.notifications.asked import NAME, Asked
from tests.ports import free_port
from tests.sandboxed import Sandbox, running_sandbox

ANSWERS = "+1-555-0190"  # a telephone of the sandbox that somebody picks up


class People(Sandbox):
    """The people in the sandbox, and what arrived at them."""

    smtp_port = 0

    def heard(self, channel: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/outbox", channel=channel)["messages"]
        return found

    def answer_the_telephone(self) -> None:
        """Let so much time pass that it is."""
        self.post("/clock", {"advance": 60})

    def fault(self, kind: str, vendor: str, **more: Any) -> None:
        self.post("/faults", {"kind": kind, "vendor": vendor, **more})


@pytest.fixture(scope="session")
def _people() -> Iterator[People]:
    port = free_port()
    with running_sandbox("--smtp-port", str(port)) as sandbox:
        people = People(sandbox.url)
        people.smtp_port = port
        yield people


@pytest.fixture
def people(_people: People, settings: Any) -> People:
    """A new world, with the settings leading to it."""
    _people.reset()
    settings.DR_VENDOR_URLS = _people.vendor_urls()
    settings.DR_SANDBOX_URL = _people.url
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP_BACKEND, "127.0.0.1", _people.smtp_port
    return _people


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Whoever sent the messages of this purpose."""
    monkeypatch.setitem(purposes._purposes, NAME, asked_module.__name__)
    monkeypatch.setattr(asked_module, "now_asked", Asked())
    return asked_module.now_asked

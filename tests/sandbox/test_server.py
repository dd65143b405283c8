"""The sandbox as a process."""

from __future__ import annotations

from tests.sandboxed import Sandbox


def test_it_answers(sandbox: Sandbox):
    assert sandbox.get("/health") == {"status": "ok"}

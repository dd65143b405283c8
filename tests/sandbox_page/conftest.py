"""The page beside a running sandbox, and beside none."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests import make
from tests.ports import free_port
from tests.sandboxed import Sandbox


@pytest.fixture
def world(sandbox: Sandbox, settings: Any) -> Sandbox:
    """A running sandbox that the page asks."""
    settings.DR_SANDBOX_URL = sandbox.url
    return sandbox


@pytest.fixture
def no_world(settings: Any) -> None:
    settings.DR_SANDBOX_URL = f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def commander(client: Any) -> User:
    someone = make.user("carla", role="commander")
    client.force_login(someone)
    return someone

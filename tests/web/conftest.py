"""Pages that only these tests open stand beside the console's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests import make


@pytest.fixture(autouse=True)
def _pages(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.web.urls"
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], Path(__file__).parent / "templates"]}]


@pytest.fixture
def ada(client: Any, db: None) -> User:
    """Somebody who is logged in."""
    person = make.user("ada", role="viewer")
    client.force_login(person)
    return person

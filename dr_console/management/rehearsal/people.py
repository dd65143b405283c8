"""On whose behalf a rehearsal does what only people may do."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User

from dr_console.people.services import first_administrator


def whoever() -> User:
    """An administrator: there is one wherever the console was started."""
    return first_administrator(settings.DR_ADMIN_USERNAME, settings.DR_ADMIN_EMAIL)[0]

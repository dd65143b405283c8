"""Language and look, chosen at the foot of every page: kept in a cookie, and for a person with their preferences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest

THEMES = ("system", "light", "dark")
THEME_COOKIE = "dr_theme"

#: Called as keep(person, "language" or "theme", value).
Keep = Callable[[User, str, str], Any]
_keepers: list[Keep] = []


def keep_with(keep: Keep) -> None:
    """Also tell `keep` what a person chooses. Called from AppConfig.ready()."""
    if keep not in _keepers:
        _keepers.append(keep)


def keep_choice(request: HttpRequest, name: str, value: str) -> None:
    if isinstance(request.user, User):
        for keep in _keepers:
            keep(request.user, name, value)


def theme_of(request: HttpRequest) -> str:
    """What the person chose, else what this browser was told, else as the device."""
    preferences = getattr(request, "preferences", None)
    theme = getattr(preferences, "theme", "system")
    if theme == "system" and not getattr(preferences, "pk", None):
        theme = request.COOKIES.get(THEME_COOKIE, "system")
    return theme if theme in THEMES else "system"


def cookie_options() -> dict[str, Any]:
    return {
        "max_age": 365 * 24 * 3600,
        "secure": settings.LANGUAGE_COOKIE_SECURE,
        "httponly": True,
        "samesite": "Lax",
    }

"""What every page knows: mode, version, where one can go, how the person wants it to look."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.timezone import get_current_timezone_name

import dr_console
from dr_console.web import navigation
from dr_console.web.choices import theme_of


def console(request: HttpRequest) -> dict[str, Any]:
    # Middleware may refuse a request before anybody is known.
    person = getattr(request, "user", None) or AnonymousUser()
    pages = SimpleLazyObject(lambda: navigation.bar(person) if person.is_authenticated else [])
    return {
        "mode": settings.DR_MODE,
        "version": dr_console.__version__,
        "languages": settings.LANGUAGES,
        "time_zone": get_current_timezone_name(),
        "theme": theme_of(request),
        "shortcuts": getattr(getattr(request, "preferences", None), "shortcuts", True),
        "navigation": pages,
        "navigation_current": SimpleLazyObject(lambda: navigation.current(request.path, pages)),
    }

"""Each person reads the console in their own language and time zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin

from dr_console.people.models import Preferences
from dr_console.people.queries import preferences_of


class PersonalPreferences(MiddlewareMixin):
    """Activates what the person chose and puts it on the request as `request.preferences`.

    Where they chose no language, LocaleMiddleware has already taken the cookie's or the browser's.
    """

    def process_request(self, request: HttpRequest) -> None:
        preferences = preferences_of(request.user)
        request.preferences = preferences  # type: ignore[attr-defined]
        if preferences.language:
            translation.activate(preferences.language)
            request.LANGUAGE_CODE = translation.get_language()
        timezone.activate(zone_of(preferences))

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        timezone.deactivate()
        return response


def zone_of(preferences: Preferences) -> ZoneInfo:
    """The person's time zone; that of the console where theirs is unknown to this machine by now."""
    try:
        return ZoneInfo(preferences.time_zone or settings.DR_TIME_ZONE)
    except (KeyError, ValueError):
        return ZoneInfo(settings.DR_TIME_ZONE)

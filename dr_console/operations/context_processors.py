"""What every page is given about the console's own health."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from dr_console.operations import loudness
from dr_console.operations.data_age import data_age as measure


def data_age(request: HttpRequest) -> dict[str, Any]:
    """Lazy: a partial or a page without the panel asks neither the database nor Redis."""
    return {"data_age": SimpleLazyObject(measure)}


def watchdog(request: HttpRequest) -> dict[str, Any]:
    """What has to be said above everything else. Lazy, and remembered for seconds: a page costs no query for it."""
    return {"watchdog": SimpleLazyObject(loudness.remembered.state)}

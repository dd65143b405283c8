"""What the places of the pretend world are called."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dr_console.providers.sandbox_shapes import Origin

CITIES = {"Tokyo": _("Tokyo"), "California": _("California"), "Frankfurt": _("Frankfurt")}


def city(origin: Origin) -> str:
    return str(CITIES.get(origin.city, origin.city or origin.host))

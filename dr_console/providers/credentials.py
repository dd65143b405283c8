"""The credentials of each vendor: from the environment."""

from __future__ import annotations

from django.conf import settings

from dr_console.credentials import CREDENTIALS
from dr_console.errors import Problem, ProviderError


def credential(vendor: str, name: str, *, operation: str) -> str:
    """The value of CREDENTIALS[vendor][name].

    Raises ProviderError (SETTINGS), which names the setting, where there is none.
    """
    value = credential_or_none(vendor, name)
    if not value:
        setting = CREDENTIALS[vendor][name].setting
        raise ProviderError(vendor.capitalize(), operation, Problem.SETTINGS, said=setting, permanent=True)
    return value


def credential_or_none(vendor: str, name: str) -> str:
    """The value, or an empty text where there is none."""
    value: str = settings.DR_CREDENTIALS[vendor][name]
    return value

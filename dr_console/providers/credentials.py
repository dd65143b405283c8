"""The credentials of each vendor: from the environment, or from the secret that DR_CREDENTIALS_SECRET names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from dr_console.credentials import CREDENTIALS, wrong_world
from dr_console.errors import Problem, ProviderError

SOURCE = "dr_console.providers.aws.credential_secret.values"
# What that secret itself is read with.
FROM_ENVIRONMENT_ALONE = {("aws", name) for name in ("access_key_id", "secret_access_key", "session_token", "region")}


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
    """The value, or an empty text where there is none. Raises ProviderError where it should be in a secret, and that
    cannot be read or is for the other world.
    """
    in_settings: str = settings.DR_CREDENTIALS[vendor][name]
    known = CREDENTIALS[vendor][name]
    if (
        not settings.DR_CREDENTIALS_SECRET
        or known.setting in settings.DR_CREDENTIALS_GIVEN
        or (vendor, name) in FROM_ENVIRONMENT_ALONE
    ):
        return in_settings
    read = cast(Callable[[], Mapping[str, str]], import_string(SOURCE))
    value = read().get(known.setting, "")
    if known.secret and (problem := wrong_world(settings.DR_MODE, value)):
        said = f"{known.setting}, in {settings.DR_CREDENTIALS_SECRET}: {problem}"
        raise ProviderError("AWS", "read the credentials", Problem.SETTINGS, said=said, permanent=True)
    return value or in_settings

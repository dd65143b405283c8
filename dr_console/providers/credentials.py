"""The credentials of each vendor: from the environment, or from the secret that DR_CREDENTIALS_SECRET names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from dr_console.credentials import CREDENTIALS, NAMES, wrong_world
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
        raise ProviderError(NAMES[vendor], operation, Problem.SETTINGS, said=setting, permanent=True)
    return value


def sources(vendors: Iterable[str] = CREDENTIALS, *, with_secret: bool = True) -> dict[str, str]:
    """Where each setting of these vendors comes from: "environment", "secret", "sandbox", "default", or "" for nowhere.

    Never raises: while the secret cannot be read, what should be in it is nowhere. Without it, nobody asks AWS.
    """
    try:
        in_secret: Mapping[str, str] = _secret() if with_secret and settings.DR_CREDENTIALS_SECRET else {}
    except ProviderError:
        in_secret = {}
    return {
        one.setting: _source(vendor, name, in_secret) for vendor in vendors for name, one in CREDENTIALS[vendor].items()
    }


def _source(vendor: str, name: str, in_secret: Mapping[str, str]) -> str:
    setting = CREDENTIALS[vendor][name].setting
    if setting in settings.DR_CREDENTIALS_GIVEN:
        return "environment"
    if in_secret.get(setting) and (vendor, name) not in FROM_ENVIRONMENT_ALONE:
        return "secret"
    if not settings.DR_CREDENTIALS[vendor][name]:
        return ""
    return "sandbox" if settings.DR_MODE == "sandbox" else "default"


def _secret() -> Mapping[str, str]:
    return cast(Callable[[], Mapping[str, str]], import_string(SOURCE))()


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
    value = _secret().get(known.setting, "")
    if problem := wrong_world(settings.DR_MODE, known, value):
        said = f"{known.setting}, in {settings.DR_CREDENTIALS_SECRET}: {problem}"
        raise ProviderError("AWS", "read the credentials", Problem.SETTINGS, said=said, permanent=True)
    return value or in_settings

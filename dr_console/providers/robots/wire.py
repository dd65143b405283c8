"""What all robots have in common: the address is the key, and a no may come with status 200."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from django.conf import settings
from django.utils.translation import gettext_noop as _

from dr_console.credentials import CREDENTIALS, NAMES
from dr_console.errors import Problem, ProviderError
from dr_console.providers import limits
from dr_console.providers.credentials import credential, credential_or_none
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Answer, Wire, Words
from dr_console.vendors import is_loopback

POST = _("write to the room")
ELLIPSIS = "…"
KEY_CHARACTERS = 16
Refusal = Callable[[int, Any], Words | None]
# What the code says of a no that is none for ever.
Kinds = Mapping[str, Problem]


def post(
    vendor: str,
    body: Mapping[str, Any],
    *,
    refusal: Refusal,
    deadline: Deadline,
    kinds: Kinds,
    a_minute: int,
    params: Mapping[str, str] | None = None,
    takes_any_answer: bool = False,
) -> Answer:
    """Send `body` to the vendor's address in the settings. `params`: added to its query. Raises ProviderError."""
    parts = urlsplit(address(vendor))
    secret = secret_of(vendor)
    wire = Wire(
        NAMES[vendor],
        urlunsplit((parts.scheme, parts.netloc, "", "", "")),
        secrets=[part for part in (secret, parts.path, parts.query, *_keys(parts)) if len(part) > 1],
        refusal=refusal,
        takes_any_answer=takes_any_answer,
    )
    query = dict(parse_qsl(parts.query)) | dict(params or {})
    room = limits.Budget(f"{vendor}-robot:{limits.digest(parts.path, parts.query)}", calls=a_minute, seconds=60.0)
    try:
        return wire.call(
            "POST",
            parts.path or "/",
            operation=POST,
            deadline=deadline,
            json=body,
            params=query or None,
            also_counted=(room,),
        )
    except ProviderError as error:
        raise _named(error, kinds) from None


def address(vendor: str) -> str:
    """The robot's address, which is a secret. Raises ProviderError (SETTINGS) if there is none."""
    url = credential(vendor, "url", operation=POST)
    if settings.DR_MODE == "sandbox" and not is_loopback(urlsplit(url).hostname or ""):
        said = f"{CREDENTIALS[vendor]['url'].setting} is not on this machine"
        raise ProviderError(NAMES[vendor], POST, Problem.SETTINGS, said=said, permanent=True)
    return url


def secret_of(vendor: str) -> str:
    """What requests are signed with; empty for those that are not."""
    return credential_or_none(vendor, "secret") if "secret" in CREDENTIALS[vendor] else ""


def by_code(name: str, said: str) -> Refusal:
    """For those who say no in a field: any value of it but 0 is one."""

    def refusal(status: int, body: Any) -> Words | None:
        if isinstance(body, dict) and name in body:
            return None if body[name] == 0 and status < 400 else Words(str(body[name]), str(body.get(said, "")))
        return Words() if status >= 400 else None

    return refusal


def cut(text: str, most: int) -> str:
    """No more than so many bytes of UTF-8, by which most of them count."""
    if len(text.encode()) <= most:
        return text
    return text.encode()[: most - len(ELLIPSIS.encode())].decode(errors="ignore") + ELLIPSIS


def _keys(parts: SplitResult) -> list[str]:
    """What of an address may be the key to it, for where a vendor quotes only that."""
    pieces = [*parts.path.split("/"), *(value for _name, value in parse_qsl(parts.query))]
    return [piece for piece in pieces if len(piece) >= KEY_CHARACTERS]


def _named(error: ProviderError, kinds: Kinds) -> ProviderError:
    if error.code in kinds:
        error.problem = kinds[error.code]
        error.permanent = error.problem is not Problem.THROTTLED
    return error

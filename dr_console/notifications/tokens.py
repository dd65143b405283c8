"""Addresses that belong to one message and do one thing: signed, good for a while, and worth nothing elsewhere."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.urls import reverse

from dr_console.notifications.purposes import Wish
from dr_console.vendors import is_loopback

_signer = signing.TimestampSigner(salt="dr_console.notifications.tokens", sep=".")


class Use(StrEnum):
    """What an address is for. What was signed for one use opens no other."""

    ACKNOWLEDGE = "acknowledge"
    ESCALATE = "escalate"
    KEYS = "keys"
    STATUS = "status"


# A letter may be found late; a call is over within minutes, and its vendor may tell of it for a while.
VALID = {
    Use.ACKNOWLEDGE: timedelta(days=3),
    Use.ESCALATE: timedelta(days=3),
    Use.KEYS: timedelta(hours=1),
    Use.STATUS: timedelta(days=1),
}


class Worthless(Exception):
    """It is no token of ours, or for something else."""


class Expired(Worthless):
    """It was one, and its time is over."""


def token(delivery_id: int, use: Use) -> str:
    return _signer.sign(f"{use}-{delivery_id}")


def delivery_of(text: str, *uses: Use) -> tuple[int, Use]:
    """Number of the message and what the token is for, one of `uses`. Raises Expired or Worthless."""
    use, _dash, number = _signed(text, None).partition("-")
    if use not in uses or not number.isdecimal():
        raise Worthless(text)
    _signed(text, VALID[Use(use)])
    return int(number), Use(use)


def _signed(text: str, valid: timedelta | None) -> str:
    try:
        return _signer.unsign(text, max_age=valid)
    except signing.SignatureExpired as error:
        raise Expired(text) from error
    except signing.BadSignature as error:
        raise Worthless(text) from error


def answer_url(delivery_id: int, wish: Wish) -> str:
    """Where somebody who got the message says `wish`: a page that asks before it acts."""
    return f"{settings.DR_PUBLIC_URL}{_path('callbacks:answer', delivery_id, Use(wish.value))}"


def keys_url(vendor: str, delivery_id: int) -> str:
    """Where a vendor of calls sends the key that was pressed. `vendor`: twilio or voice."""
    return f"{vendors_base()}{_path(f'callbacks:{vendor}-keys', delivery_id, Use.KEYS)}"


def status_url(vendor: str, delivery_id: int) -> str:
    """Where it tells how far the call got."""
    return f"{vendors_base()}{_path(f'callbacks:{vendor}-status', delivery_id, Use.STATUS)}"


def vendors_base() -> str:
    """Where vendors ask for us: DR_PUBLIC_URL. The sandbox, which is on this machine, sends nowhere else."""
    if settings.DR_MODE == "sandbox" and not is_loopback(urlsplit(settings.DR_PUBLIC_URL).hostname or ""):
        return f"http://127.0.0.1:{settings.PORT}"
    return str(settings.DR_PUBLIC_URL)


def _path(name: str, delivery_id: int, use: Use) -> str:
    return reverse(name, args=[token(delivery_id, use)])

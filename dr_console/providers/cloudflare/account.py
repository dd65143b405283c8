"""Who the token is at Cloudflare, and the zone it works on. All of it only reads."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

from dr_console.errors import ProviderError
from dr_console.providers.cloudflare.shapes import Account, Token, Zone
from dr_console.providers.cloudflare.wire import account_id, at, call, result, zone_id
from dr_console.providers.deadlines import Deadline

READ_TOKEN = _("verify the token")
READ_ACCOUNT = _("read the account")
READ_ZONE = _("read the zone")


def token(*, deadline: Deadline) -> Token:
    """The token's own state. A user's token is asked about at one address, an account's at another: both are tried."""
    try:
        return result(call("GET", "/user/tokens/verify", operation=READ_TOKEN, deadline=deadline), Token)
    except ProviderError as error:
        if not error.permanent:
            raise
        of_account = at("accounts", account_id(READ_TOKEN), "tokens", "verify")
        try:
            return result(call("GET", of_account, operation=READ_TOKEN, deadline=deadline), Token)
        except ProviderError as second:
            raise (error if second.permanent else second) from None


def account(*, deadline: Deadline) -> Account:
    path = at("accounts", account_id(READ_ACCOUNT))
    return result(call("GET", path, operation=READ_ACCOUNT, deadline=deadline), Account)


def zone(*, deadline: Deadline) -> Zone:
    path = at("zones", zone_id(READ_ZONE))
    return result(call("GET", path, operation=READ_ZONE, deadline=deadline), Zone)

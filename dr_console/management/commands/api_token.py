"""Make, list and revoke tokens of the API, for where there is no browser."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from dr_console.errors import Refused
from dr_console.people import tokens
from dr_console.people.models import ApiToken


class Command(BaseCommand):
    help = "Prints a new token for a program that speaks to the API. It is shown this once, and kept nowhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="what uses it: load-balancer-tokyo")
        parser.add_argument("--days", type=_days, help="how many days it works; without it, until it is revoked")
        parser.add_argument(
            "--may",
            action="append",
            choices=ApiToken.Scope.values,
            help="what it may do; may be given several times (default: push_samples)",
        )
        what_else = parser.add_mutually_exclusive_group()
        what_else.add_argument("--list", action="store_true", help="list the tokens instead")
        what_else.add_argument("--revoke", action="store_true", help="take the token of this name back instead")

    def handle(self, *args: Any, name: str | None, **options: Any) -> None:
        try:
            if options["list"]:
                self._list()
            elif not name:
                raise Refused(_("Say what the token is called."))
            elif options["revoke"]:
                self._revoke(name)
            else:
                self._make(name, options["may"] or [ApiToken.Scope.PUSH_SAMPLES], options["days"])
        except Refused as refused:
            self.stderr.write(str(refused))
            raise SystemExit(2) from refused

    def _make(self, name: str, scopes: list[str], days: int | None) -> None:
        _token, plain = tokens.make(name, scopes=scopes, by=None, days=days)
        self.stdout.write(plain)

    def _list(self) -> None:
        for token in ApiToken.objects.all():
            used = f"{token.last_used_at:%Y-%m-%d %H:%M} UTC" if token.last_used_at else _("never used")
            state = _("usable") if token.is_usable else _("revoked or expired")
            self.stdout.write(f"{token.name}  {token.hint}…  {', '.join(token.scopes)}  {used}  {state}")

    def _revoke(self, name: str) -> None:
        token = ApiToken.objects.filter(name=name).first()
        if token is None:
            raise Refused(_("There is no token called “%(name)s”.") % {"name": name})
        tokens.revoke(token, by=None)


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= 3650:
        raise ValueError(text)
    return days

"""Let somebody in again who cannot log in, when no administrator can do it in the browser."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from dr_console.errors import Refused
from dr_console.people import services


class Command(BaseCommand):
    help = "Prints a link with which a person sets a new password, once, within 24 hours. Their old one stops working."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", help="the login of the person, as the page People shows it")
        parser.add_argument(
            "--clear-second-factors",
            action="store_true",
            help="also remove their authenticator app, passkeys and recovery codes",
        )

    def handle(self, *args: Any, login: str, clear_second_factors: bool, **options: Any) -> None:
        person = User.objects.filter(username__iexact=login).first()
        if person is None:
            self.stderr.write(_("Nobody has the login “%(login)s”.") % {"login": login})
            raise SystemExit(2)
        try:
            link = services.reset_login(person, by=None, clear_second_factors=clear_second_factors)
        except Refused as refused:
            self.stderr.write(str(refused))
            raise SystemExit(2) from refused
        self.stdout.write(link)

"""`manage.py sandbox`: the pretend clouds by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dr_console.management.processes import refused_port, sandbox_options
from dr_console.sandbox.__main__ import add_arguments
from dr_console.sandbox.ports import PortRefused


class Command(BaseCommand):
    help = (
        "Starts the sandbox: pretend clouds on this machine, and a product whose users send requests all the time. "
        "`manage.py up` starts it in sandbox mode. See docs/sandbox.md."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser, sandbox_options())

    def handle(self, *args: Any, **options: Any) -> None:
        from dr_console.sandbox.serving import serve  # noqa: PLC0415 (not for --help)

        wanted = replace(sandbox_options(), **{name: options[name] for name in sandbox_options().__dict__})
        try:
            serve(wanted)
        except PortRefused as refused:
            raise refused_port(refused) from None

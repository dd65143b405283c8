"""`manage.py settings_page`: docs/settings.md, from the settings themselves. A test holds the file to it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from dr_console.env import SETTINGS, Setting

INTRODUCTION = """\
# Settings

Every setting is an environment variable; none is needed to try the console. A wrong one is refused at the start, by
name, with exit status 2. A secret may instead stand in a file, for container platforms that mount them: put the file's
path into the variable with `_FILE` after its name, such as `SECRET_KEY_FILE`.

`DR_MODE` decides which world the console lives in. In *sandbox* mode, the default, every vendor's address must be on
this machine. In *live* mode it must not be, `SECRET_KEY` must be your own, and `DEBUG` must be off. The two never mix.

This page is written by `python manage.py settings_page`.

| setting | what it takes | default | meaning |
|---|---|---|---|
"""


class Command(BaseCommand):
    help = "Prints docs/settings.md: every setting with what it takes, its default and its meaning."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        _ = settings.DR_MODE  # reading the settings is what fills the list
        self.stdout.write(page(SETTINGS), ending="")


def page(of: list[Setting]) -> str:
    return INTRODUCTION + "".join(_row(setting) for setting in of)


def _row(setting: Setting) -> str:
    name = f"`{setting.name}`" + (f"<br>`{setting.name}_FILE`" if setting.secret else "")
    cells = (name, setting.kind, setting.default, setting.meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

#!/usr/bin/env python
"""The console's terminal: `python manage.py help`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dr_console.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 (Django may be missing: say so below)

    from dr_console.env import WrongSetting  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except WrongSetting as wrong:
        print(wrong, file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()

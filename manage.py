#!/usr/bin/env python
"""The console's terminal: `python manage.py help`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dr_console.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415 (Django may be missing: say so below)

    from dr_console.env import WrongSetting  # noqa: PLC0415
    from dr_console.operations import data_folder, lean  # noqa: PLC0415

    command = sys.argv[1:2] if not {"-h", "--help", "--schema"} & set(sys.argv) else []
    try:
        # These must have happened when the settings are read.
        if command == ["up"]:
            lean.leave_out_what_is_not_used()
            data_folder.claim()
        elif command == ["rehearse"]:
            from dr_console.management.rehearsal import stage  # noqa: PLC0415

            stage.choose(sys.argv[2:])
        execute_from_command_line(sys.argv)
    except WrongSetting as wrong:
        print(wrong, file=sys.stderr)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()

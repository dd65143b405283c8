"""Every page and panel of an incident with 5,000 entries on its timeline, beside one with 50, in milliseconds of CPU.

python -m benchmarks.incident_page [--entries 5000] [--rounds 15]
"""

from __future__ import annotations

import os
import sys
import tempfile

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        # Before anything of Django is imported: its settings are read from the environment.
        os.environ |= {"DJANGO_SETTINGS_MODULE": "dr_console.settings", "DR_DATA_DIR": folder, "ALLOWED_HOSTS": "*"}
        os.environ.pop("DATABASE_URL", None)
        import django

        django.setup()
        from benchmarks.pages.incident import main

        sys.exit(main(__doc__))

"""What `manage.py up` leaves out of memory: optional parts of packages that import them wherever they are installed."""

from __future__ import annotations

import os
import sys


def leave_out_what_is_not_used() -> None:
    """Nineteen megabytes and a tenth of a second. To be called before the settings are read."""
    # structlog draws coloured tracebacks with rich; ours are plain. Django's test client, which ninja brings in, looks
    # for jinja2; httpx's command line for pygments; Celery's debugging for psutil. All of them do without.
    unused = ["rich", "jinja2", "pygments", "psutil"]
    if not any(os.environ.get(name, "").strip() for name in ("DATABASE_URL", "DATABASE_URL_FILE")):
        # django-tables2 brings psycopg in through it, for the sake of a column type that only PostgreSQL has.
        unused.append("django.contrib.postgres.fields")
    for name in unused:
        sys.modules[name] = None  # type: ignore[assignment]  # importing it now fails as if it were not installed

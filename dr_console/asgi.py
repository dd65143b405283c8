"""What the web server serves."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from servestatic import ServeStaticASGI

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dr_console.settings")
django_application = get_asgi_application()

from dr_console.live.handover import LiveStreams  # noqa: E402 (its models can be imported only now)

application = ServeStaticASGI(
    LiveStreams(django_application),
    root=settings.STATIC_ROOT,
    prefix=settings.STATIC_URL,
    allow_all_origins=False,
    # The manifest storage puts twelve digits of a file's hash into its name: such a file never changes.
    immutable_file_test=r"\.[0-9a-f]{12}\.",
    add_headers_function=lambda headers, path, url: headers.__setitem__("X-Content-Type-Options", "nosniff"),
)

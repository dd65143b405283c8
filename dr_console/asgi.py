"""What the web server serves."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dr_console.settings")
django_application = get_asgi_application()

from dr_console.live.handover import LiveStreams  # noqa: E402 (its models can be imported only now)

application = LiveStreams(django_application)

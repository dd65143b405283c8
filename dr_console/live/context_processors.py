"""What base.html needs to open the stream of a page."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse


def live(request: HttpRequest) -> dict[str, str]:
    """`live_stream`: where a page listens that names no topic of its own; empty for strangers, who may not."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"live_stream": ""}
    return {"live_stream": reverse("live:stream", args=["console"])}

"""Live progress: tells open pages that something changed."""

from __future__ import annotations

from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "dr_console.live"
    label = "live"

    def ready(self) -> None:
        from dr_console.live import topics

        topics.allow("console", topics.everybody)

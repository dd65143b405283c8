"""The project package as a Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "dr_console"

    def ready(self) -> None:
        # Without it, tasks would be sent to whatever broker Celery takes by default.
        from dr_console import celery  # noqa: F401

"""What all views share, as a Django app: for its template tags."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "dr_console.web"

"""The plan as data."""

from __future__ import annotations

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "dr_console.plans"
    label = "plans"

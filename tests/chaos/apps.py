"""What each process of the chaos tests has beside the product."""

from __future__ import annotations

import os

from django.apps import AppConfig


class ChaosConfig(AppConfig):
    name = "tests.chaos"

    def ready(self) -> None:
        from dr_console.runs import points
        from tests.chaos import crashes, mutations, steps

        steps.register()
        if folder := os.environ.get("CHAOS_CRASHES"):
            points.tell(crashes.Crashes(folder))
        if name := os.environ.get("CHAOS_MUTATION"):
            mutations.MUTATIONS[name](setattr)

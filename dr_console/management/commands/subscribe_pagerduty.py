"""`manage.py subscribe_pagerduty`: have PagerDuty tell the console what people do with its pages."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dr_console.errors import ProviderError, Refused
from dr_console.notifications.callbacks import subscriptions


class Command(BaseCommand):
    help = (
        "Makes a webhook subscription at PagerDuty that leads to this console, keeps its secret, and removes those "
        "that led here before. The same as the button on the page of channels."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = subscriptions.subscribe(by=None)
        except (ProviderError, Refused) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{made.vendor_id}: {made.url}")

"""How each channel stands: is it set up, and how do answers come back? Nothing here writes, or asks a vendor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from dr_console.credentials import CREDENTIALS
from dr_console.notifications import offers
from dr_console.notifications.callbacks import pagerduty, slack, subscriptions
from dr_console.notifications.models import Channel
from dr_console.providers.credentials import sources

NEEDED: dict[str, tuple[str, ...]] = {
    Channel.PAGERDUTY: ("routing_key",),
    Channel.SLACK: ("token", "channel"),
    Channel.PHONE: ("account_sid", "auth_token", "from_number"),
}
VENDOR_OF = {Channel.PHONE: "twilio"}


@dataclass(frozen=True)
class ChannelState:
    """`missing`: settings that are empty. `answers`: how they come back; `address`: what the vendor must be told."""

    channel: Channel
    missing: tuple[str, ...]
    answers: str
    address: str = ""
    last_heard: datetime | None = None

    @property
    def is_set_up(self) -> bool:
        return not self.missing

    @property
    def is_pagerduty(self) -> bool:
        return self.channel == Channel.PAGERDUTY


def channels() -> list[ChannelState]:
    """All of them, in the order of Channel."""
    known = sources(with_secret=False)
    heard = subscriptions.last_heard((pagerduty.VENDOR, slack.VENDOR))
    return [_state(Channel(value), known, heard) for value in Channel.values]


def is_reachable() -> bool:
    return offers.is_reachable()


def _state(channel: Channel, known: dict[str, str], heard: dict[str, datetime]) -> ChannelState:
    missing = tuple(_missing(channel, known))
    addresses = {Channel.PAGERDUTY: pagerduty.VENDOR, Channel.SLACK: slack.VENDOR}
    vendor = addresses.get(channel)
    address = subscriptions.address(vendor) if vendor else ""
    return ChannelState(channel, missing, _answers(channel, known), address, heard.get(vendor or ""))


def _missing(channel: Channel, known: dict[str, str]) -> Iterator[str]:
    if channel == Channel.EMAIL and not settings.EMAIL_URL:
        yield "EMAIL_URL"
    elif channel == Channel.WEBHOOK and not (settings.DR_WEBHOOK_URLS and settings.DR_WEBHOOK_SECRET):
        yield from ("DR_WEBHOOK_URLS", "DR_WEBHOOK_SECRET")
    elif channel == Channel.PHONE and known[CREDENTIALS["voice"]["url"].setting]:
        return
    vendor = VENDOR_OF.get(channel, channel.value)
    for name in NEEDED.get(channel, ("url",)):
        setting = CREDENTIALS.get(vendor, {}).get(name)
        if setting and not known[setting.setting]:
            yield setting.setting


def _answers(channel: Channel, known: dict[str, str]) -> str:
    if channel == Channel.PAGERDUTY:
        return _("Whoever acknowledges at PagerDuty has answered here, once PagerDuty tells the console.")
    if channel == Channel.SLACK:
        has_secret = known[CREDENTIALS["slack"]["signing_secret"].setting]
        return _("By buttons in the message.") if has_secret else _("Not: DR_SLACK_SIGNING_SECRET is empty.")
    if channel == Channel.PHONE:
        return _("By key: 1 acknowledges, 2 escalates. A voicemail is no answer.")
    if channel == Channel.WEBHOOK:
        return _("By the addresses in the message, which ask before they act.")
    return _("By a link in the message, which asks before it acts.")

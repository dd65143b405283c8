"""How each channel is spoken to. Everything else about a message is the same for all of them."""

from __future__ import annotations

from typing import Protocol

from dr_console.notifications.channels.email import EmailChannel
from dr_console.notifications.channels.pagerduty import PagerDutyChannel
from dr_console.notifications.channels.phone import PhoneChannel
from dr_console.notifications.channels.robots import RobotChannel
from dr_console.notifications.channels.slack import SlackChannel
from dr_console.notifications.channels.webhook import WebhookChannel
from dr_console.notifications.models import Channel, Delivery
from dr_console.providers.deadlines import Deadline


class Way(Protocol):
    """One channel. Methods raise ProviderError."""

    def may_repeat(self) -> bool:
        """Whether the receiver knows a repeat, so that sending twice tells people once."""
        ...

    def send(self, delivery: Delivery, *, deadline: Deadline) -> str:
        """Hand it over. Returns the vendor's own name of it, by which it can be found there."""
        ...

    def find(self, delivery: Delivery, *, deadline: Deadline) -> str | None:
        """After an answer that was lost: what arrived, "" if surely nothing did, None if nobody can tell."""
        ...


ROBOTS = (Channel.FEISHU, Channel.DINGTALK, Channel.WECOM, Channel.TEAMS, Channel.MATTERMOST)
WAYS: dict[str, Way] = {
    Channel.EMAIL: EmailChannel(),
    Channel.PAGERDUTY: PagerDutyChannel(),
    Channel.PHONE: PhoneChannel(),
    Channel.SLACK: SlackChannel(),
    Channel.WEBHOOK: WebhookChannel(),
    **{vendor: RobotChannel(vendor) for vendor in ROBOTS},
}
# All that goes out by it counts together: where one message is told to wait, so is every other.
ONE_LIMIT = frozenset({Channel.PAGERDUTY})


def way(channel: str) -> Way:
    return WAYS[channel]

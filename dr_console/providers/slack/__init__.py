"""Slack: by a bot, which can thread, edit and find; or by an incoming webhook, which can only say."""

from __future__ import annotations

from dr_console.providers.slack.bot import Slack
from dr_console.providers.slack.webhook import SlackWebhook

__all__ = ["Slack", "SlackWebhook"]

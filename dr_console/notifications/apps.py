"""Telling people, and knowing whether it arrived, as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "dr_console.notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        from dr_console.audit import actions
        from dr_console.operations import deadman
        from dr_console.web import navigation

        deadman.register("dr_console.notifications.overdue.overdue_messages")
        actions.register(
            {
                "delivery.sent_again": _("Message sent again"),
                "delivery.cancelled": _("Message cancelled"),
                "channel.subscribed": _("Vendor asked to tell the console of answers"),
            }
        )
        navigation.add_page(
            navigation.Destination(
                _("Messages"),
                "notifications:list",
                "message-square",
                "notifications.view_delivery",
                within="incidents:list",
            )
        )
        navigation.add_page(
            navigation.Destination(
                _("Channels"),
                "callbacks:channels",
                "phone",
                "notifications.view_delivery",
                within="incidents:list",
            )
        )

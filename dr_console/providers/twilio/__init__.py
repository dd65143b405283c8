"""Twilio: telephone calls and text messages."""

from __future__ import annotations

from dr_console.providers.twilio.phone import TwilioPhone

__all__ = ["TwilioPhone"]

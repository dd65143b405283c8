"""PagerDuty: pages by Events v2, and everything else by REST v2."""

from __future__ import annotations

from dr_console.providers.pagerduty.events import PagerDutyEvents
from dr_console.providers.pagerduty.rest import PagerDutyRest


class PagerDuty(PagerDutyEvents, PagerDutyRest):
    """Both of its APIs as one: they have credentials of their own, and either can be used without the other."""

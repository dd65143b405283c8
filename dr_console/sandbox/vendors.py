"""The vendors of the sandbox, in one table. One line a vendor."""

from __future__ import annotations

from collections.abc import Callable

from dr_console.sandbox.aws.vendor import aws
from dr_console.sandbox.cloudflare import cloudflare
from dr_console.sandbox.codecommit import codecommit
from dr_console.sandbox.edge_http import edge
from dr_console.sandbox.github import github
from dr_console.sandbox.pagerduty.vendor import pagerduty
from dr_console.sandbox.r2 import r2
from dr_console.sandbox.robots import robots
from dr_console.sandbox.search_index import search
from dr_console.sandbox.slack.vendor import slack
from dr_console.sandbox.twilio.vendor import twilio
from dr_console.sandbox.vendor import Vendor
from dr_console.sandbox.vercel.api import vercel
from dr_console.sandbox.voice import voice
from dr_console.sandbox.world import World

VENDORS: tuple[Callable[[World], Vendor], ...] = (
    codecommit,  # below /aws, so before it
    aws,
    cloudflare,
    github,
    pagerduty,
    r2,
    robots,
    search,
    vercel,
    slack,
    twilio,
    voice,
    edge,
)

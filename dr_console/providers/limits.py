"""How often each vendor lets us call, and how much of it is kept for what matters most.

https://developers.cloudflare.com/fundamentals/api/reference/limits/
https://developers.cloudflare.com/cache/how-to/purge-cache/#availability-and-limits
https://developer.pagerduty.com/docs/rest-api-rate-limits
https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings

MINUTE = 60.0


class Purpose(StrEnum):
    """What calls are made for, from what can wait to what cannot."""

    BACKGROUND = "background"  # checks, reconciling, what a schedule does
    ORDINARY = "ordinary"
    RECOVERY = "recovery"  # a failover, a restore


@dataclass(frozen=True)
class Budget:
    """What all workers together may spend under one name.

    `calls` in any `seconds`; or, with `refill`, a bucket of so many calls into which `refill` a second flow back. No
    `calls`: the vendor does not say how many, and only what it answers (429, "remaining") is heeded.
    `background`, `ordinary`: how much may be in use for one of that purpose to be let in; recovery has all of it.
    """

    name: str
    calls: int = 0
    seconds: float = 0.0
    refill: float = 0.0
    background: int = 0
    ordinary: int = 0

    def most(self, purpose: Purpose) -> int:
        """How many may be in use, this one included, for it to be let in."""
        if purpose is Purpose.BACKGROUND:
            return self.background or self.calls
        return (self.ordinary or self.calls) if purpose is Purpose.ORDINARY else self.calls


# For all tokens of a user together; who goes beyond it is locked out of everything for five minutes.
CLOUDFLARE = Budget("cloudflare", calls=1200, seconds=5 * MINUTE, background=600, ordinary=1000)
# https://developers.cloudflare.com/queues/configuration/pull-consumers/: reading a queue does not count.
NOT_COUNTED = re.compile(r"/queues/[^/]+/messages/(pull|ack)$")
# By plan: (bucket, calls a second), for everything, hosts, tags and prefixes; and URLs a second.
PURGE = {"free": (25, 5 / MINUTE), "pro": (25, 5.0), "business": (50, 10.0), "enterprise": (500, 50.0)}
PURGE_URLS = {"free": 800, "pro": 1500, "business": 1500, "enterprise": 3000}


def cloudflare_purge(account: str, plan: str) -> Budget:
    """Purging everything or by host, tag or prefix. A plan that is unknown is taken for the smallest."""
    bucket, refill = PURGE.get(plan, PURGE["free"])
    return Budget(f"cloudflare-purge:{account}", calls=bucket, refill=refill, background=max(1, bucket // 2))


def cloudflare_purge_urls(account: str, plan: str) -> Budget:
    """Purging by URL; each URL costs one."""
    urls = PURGE_URLS.get(plan, PURGE_URLS["free"])
    return Budget(f"cloudflare-purge-urls:{account}", calls=urls, refill=float(urls))


def pagerduty_events(routing_key: str) -> Budget:
    return Budget(f"pagerduty-events:{digest(routing_key)}", calls=120, seconds=MINUTE, background=60, ordinary=110)


def slack_channel(channel: str) -> Budget:
    return Budget(f"slack-channel:{channel}", calls=1, seconds=1.0)


def of_call(base_url: str, path: str, secrets: Iterable[str]) -> tuple[Budget, ...]:
    """What a call to this address is counted against. `secrets`: of the credentials, as some count by key."""
    vendor = _vendor(base_url)
    if vendor == "cloudflare":
        return () if NOT_COUNTED.search(path) else (CLOUDFLARE,)
    key = digest(*secrets)
    if vendor == "pagerduty":
        return (Budget(f"pagerduty:{key}", calls=960, seconds=MINUTE, background=480, ordinary=860),)
    return (Budget(f"{vendor or urlsplit(base_url).netloc.rpartition('@')[2]}:{key}"),)


def digest(*secrets: str) -> str:
    """A name for credentials, from which they cannot be told."""
    return hashlib.sha256("\0".join(secrets).encode()).hexdigest()[:12]


def _vendor(base_url: str) -> str:
    urls: dict[str, str] = settings.DR_VENDOR_URLS
    found = [name for name, url in urls.items() if url and f"{base_url}/".startswith(f"{url.rstrip('/')}/")]
    return max(found, key=lambda name: len(urls[name]), default="")

"""When a call that failed may be sent again, and how long to wait before it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from django.utils.timezone import now

from dr_console.errors import Problem, ProviderError

MOST_ATTEMPTS = 4
LONGEST_PAUSE_SECONDS = 8.0


def pause_before_next(error: ProviderError, attempt: int, *, harmless: bool) -> float | None:
    """Seconds until the next try after `attempt` tries; None if there should be none.

    What is not harmless to repeat is repeated only when it was not sent, or the vendor said that it does not count.
    """
    if error.permanent or attempt >= MOST_ATTEMPTS or error.problem in (Problem.GARBLED, Problem.NOT_IN_TIME):
        return None
    not_done = error.problem in (Problem.UNREACHABLE, Problem.THROTTLED)
    if not harmless and not not_done:
        return None
    backoff = random.uniform(0.5, 1.0) * min(0.5 * 2.0 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
    return max(backoff, error.retry_after or 0.0)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the vendor asks us to wait: Retry-After as a number or a date (RFC 9110, 10.2.3)."""
    raw = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", raw):
        return float(raw)
    try:
        at = parsedate_to_datetime(raw)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now()).total_seconds())

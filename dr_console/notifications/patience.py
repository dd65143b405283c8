"""How long a message is tried for, and when again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

# A page: the ladder and the person's next channel do not wait for one that is down.
PAGE_PAUSES = (15, 30, 60)
# Anything else: nobody else says it.
PAUSES = (15, 30, 60, 300, 900)
GIVE_UP_AFTER = timedelta(hours=1)
# One that has ended its senders more often than that is left alone.
MOST_ATTEMPTS = len(PAUSES) + 1
# A vendor may ask us to wait. What has another way to go waits no longer than its tries would take, with their calls.
ANOTHER_WAY_AFTER = timedelta(seconds=150)


def give_up_at(due: datetime) -> datetime:
    """When a message that has not been sent is given up. `due`: when it is to be sent."""
    return due + GIVE_UP_AFTER


def pause(attempts: int, *, is_page: bool) -> int | None:
    """Seconds until the next try after so many; None where there is none."""
    pauses = PAGE_PAUSES if is_page else PAUSES
    return pauses[attempts - 1] if attempts <= len(pauses) else None


def is_over(next_try: datetime, given_up_at: datetime | None, *, has_another_way: bool) -> bool:
    """Whether a next try at that moment would come too late."""
    if given_up_at is None:
        return False
    return next_try > (given_up_at - GIVE_UP_AFTER + ANOTHER_WAY_AFTER if has_another_way else given_up_at)

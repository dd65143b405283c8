"""Several workers together stay inside what a vendor allows: they count in Redis, and a 429 to one holds all back."""

from __future__ import annotations

import logging
import os
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from email.utils import parsedate_to_datetime
from functools import lru_cache
from threading import Lock
from time import monotonic, sleep, time
from typing import Any
from uuid import uuid4

import redis
from django.conf import settings
from django.utils.timezone import now
from redis.backoff import NoBackoff
from redis.retry import Retry

from dr_console.errors import Problem, ProviderError
from dr_console.providers.deadlines import Deadline
from dr_console.providers.limits import Budget, Purpose
from dr_console.providers.local_budgets import LocalLedger

log = logging.getLogger("dr_console.providers")

ANSWERS_WITHIN = 0.5
WAIT_SECONDS = 0.8
LEFT_ALONE_SECONDS = 10.0
LONGEST_HOLD_SECONDS = 3600.0

# For each key: calls, window in ms, refill a second, most in use for this purpose. All let it in, or none counts it.
TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local cost, member, wait, tokens = tonumber(ARGV[1]), ARGV[2], 0, {}
local function arg(i, n) return tonumber(ARGV[2 + (i - 1) * 4 + n]) end
for i, key in ipairs(KEYS) do
  local calls, window, refill, most = arg(i, 1), arg(i, 2), arg(i, 3), arg(i, 4)
  wait = math.max(wait, redis.call('PTTL', key .. ':held'))
  local left = redis.call('GET', key .. ':left')
  if left and tonumber(left) <= calls - most then
    wait = math.max(wait, redis.call('PTTL', key .. ':left'))
  end
  if refill > 0 then
    local kept = redis.call('HMGET', key, 'tokens', 'at')
    tokens[i] = math.min(calls, (kept[1] or calls) + (now - (kept[2] or now)) * refill / 1000)
    local needed = math.min(cost + calls - most, calls)
    wait = math.max(wait, math.ceil((needed - tokens[i]) * 1000 / refill))
  elseif calls > 0 then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    local used = redis.call('ZCARD', key)
    if used >= most then
      local first = redis.call('ZRANGE', key, used - most, used - most, 'WITHSCORES')
      wait = math.max(wait, first[2] + window - now)
    end
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local calls, window, refill = arg(i, 1), arg(i, 2), arg(i, 3)
  if redis.call('EXISTS', key .. ':left') == 1 then redis.call('DECR', key .. ':left') end
  if refill > 0 then
    redis.call('HSET', key, 'tokens', math.max(0, tokens[i] - cost), 'at', now)
    redis.call('PEXPIRE', key, math.ceil(calls * 1000 / refill))
  elseif calls > 0 then
    redis.call('ZADD', key, now, member)
    redis.call('PEXPIRE', key, window)
  end
end
return 0
"""

_making = Lock()
_purpose: ContextVar[Purpose] = ContextVar("purpose", default=Purpose.ORDINARY)


@contextmanager
def background() -> Iterator[None]:
    """Calls in this block can wait: they use no more than background work may."""
    with _working_for(Purpose.BACKGROUND):
        yield


@contextmanager
def recovery() -> Iterator[None]:
    """Calls in this block cannot wait: they may use what is kept back for a recovery."""
    with _working_for(Purpose.RECOVERY):
        yield


@contextmanager
def _working_for(purpose: Purpose) -> Iterator[None]:
    token = _purpose.set(purpose)
    try:
        yield
    finally:
        _purpose.reset(token)


def spend(budgets: Sequence[Budget], *, vendor: str, operation: str, deadline: Deadline, cost: int = 1) -> None:
    """Count one call against all of these, once there is room for it in each.

    Raises ProviderError (THROTTLED) at once where that will be after the deadline.
    """
    while budgets and (wait := _ledger().take(budgets, _purpose.get(), cost)):
        if wait >= deadline.left():
            log.warning("%s: held back for %.1f s, to stay inside what it allows: %s", vendor, wait, operation)
            raise ProviderError(vendor, operation, Problem.THROTTLED, retry_after=wait)
        # A little apart, so that all who waited do not come at the same moment.
        sleep(min(wait + random.uniform(0, 0.05), deadline.left()))


def heed(budgets: Sequence[Budget], status: int, headers: Mapping[str, str], retry_after: float | None) -> None:
    """Remember for all workers what the vendor says in an answer: wait so long, or so many calls are left."""
    if not budgets:
        return
    if status == 429 and retry_after:
        # The last is the narrowest: one channel's limit is not that of the whole vendor.
        _ledger().hold(budgets[-1], min(retry_after, LONGEST_HOLD_SECONDS))
    elif (left := _calls_left(headers)) and left[0] <= budgets[0].calls // 2:
        _ledger().set_left(budgets[0], *left)


def _calls_left(headers: Mapping[str, str]) -> tuple[int, float] | None:
    """Calls that are left, and for how many seconds that holds."""
    if found := re.search(r"\br=(\d{1,9})\s*;\s*t=(\d{1,9})\b", headers.get("ratelimit", "")):
        return int(found[1]), min(float(found[2]), LONGEST_HOLD_SECONDS)
    for prefix in ("ratelimit-", "x-ratelimit-"):
        left, reset = headers.get(f"{prefix}remaining", ""), headers.get(f"{prefix}reset", "")
        if re.fullmatch(r"\d{1,9}", left) and (seconds := _seconds_until(reset)):
            return int(left), min(seconds, LONGEST_HOLD_SECONDS)
    return None


def _seconds_until(reset: str) -> float | None:
    """Of seconds, of seconds since 1970, or of a date: vendors have all three."""
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", reset):
        number = float(reset)
        return number if number < 1e9 else max(0.0, number - time())
    try:
        at = parsedate_to_datetime(reset)
        return max(0.0, (at - now()).total_seconds())
    except (ValueError, TypeError):
        return None


class SharedLedger:
    """Counts in Redis. While it does not answer, this process counts for itself, and nobody waits for Redis."""

    def __init__(self, url: str, prefix: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=ANSWERS_WITHIN,
            socket_connect_timeout=ANSWERS_WITHIN,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        self._take = self._redis.register_script(TAKE)
        self._prefix = prefix
        self._local = LocalLedger()
        # Threads, because looking up the host's name knows no time-out, and names fail first when things go dark.
        self._threads = ThreadPoolExecutor(8, thread_name_prefix="budgets")
        self._left_alone_until = 0.0

    def take(self, budgets: Sequence[Budget], purpose: Purpose, cost: int) -> float:
        """Count the call and return 0, or return the seconds to wait before asking again."""
        arguments: list[Any] = [cost, uuid4().hex]
        for budget in budgets:
            arguments += [budget.calls, int(budget.seconds * 1000), budget.refill, budget.most(purpose)]
        waited = self._ask(self._take, keys=[self._key(budget) for budget in budgets], args=arguments)
        if waited is None:
            return self._local.take(budgets, purpose, cost)
        if not waited:
            self._local.note(budgets, cost)
        return float(waited) / 1000

    def hold(self, budget: Budget, seconds: float) -> None:
        """Nobody calls for so long."""
        self._local.hold(budget, seconds)
        self._ask(self._redis.set, f"{self._key(budget)}:held", 1, px=max(1, int(seconds * 1000)))

    def set_left(self, budget: Budget, calls: int, seconds: float) -> None:
        if not calls:
            self._local.hold(budget, seconds)
        self._ask(self._redis.set, f"{self._key(budget)}:left", calls, px=max(1, int(seconds * 1000)))

    def forget(self) -> None:
        """Begin anew, as a test does."""
        self._local, self._left_alone_until = LocalLedger(), 0.0
        for key in self._redis.scan_iter(f"{self._prefix}*"):
            self._redis.delete(key)

    def _key(self, budget: Budget) -> str:
        return f"{self._prefix}{budget.name}"

    def _ask(self, ask: Any, *arguments: Any, **named: Any) -> Any:
        """What Redis answers; None where it does not."""
        if monotonic() < self._left_alone_until:
            return None
        try:
            return self._threads.submit(ask, *arguments, **named).result(timeout=WAIT_SECONDS)
        except (redis.RedisError, OSError, TimeoutError) as error:
            if monotonic() >= self._left_alone_until:
                log.warning("Redis does not answer: calls to vendors are counted in this process alone (%s)", error)
            self._left_alone_until = monotonic() + LEFT_ALONE_SECONDS
            return None


def forget() -> None:
    """Begin anew, as a test does: nothing was spent, nobody is held back."""
    if ledger.cache_info().currsize:
        _ledger().forget()


def _ledger() -> SharedLedger:
    with _making:  # two of them would count apart
        return ledger(settings.REDIS_URL, f"dr:{settings.DR_MODE}:calls:", os.getpid())


@lru_cache(maxsize=4)
def ledger(url: str, prefix: str, process: int) -> SharedLedger:
    """One for each process: neither thread nor connection survives a fork."""
    return SharedLedger(url, prefix)

"""The vendors' budgets: several workers together stay inside, what matters most goes first, and Redis may be down."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from django.utils.timezone import now, timedelta

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.operations.redis_server import RedisServer, find_binary
from dr_console.providers import budgets, limits
from dr_console.providers.deadlines import Deadline
from dr_console.providers.http import Wire
from dr_console.providers.limits import CLOUDFLARE, Budget

WINDOW = Budget("test", calls=10, seconds=60, background=5, ordinary=8)
ROOT = Path(__file__).resolve().parents[2]


def spend(*spent: Budget, seconds: float = 0.5, cost: int = 1) -> None:
    budgets.spend(spent, vendor="Vendor", operation="ask", deadline=Deadline.after(seconds), cost=cost)


def how_many_fit(budget: Budget, purpose: AbstractContextManager[None], *, cost: int = 1) -> int:
    with purpose:
        for number in range(2000):
            try:
                spend(budget, seconds=0.01, cost=cost)
            except ProviderError:
                return number
    return 2000


@pytest.fixture(params=["with Redis", "without"])
def anywhere(request: pytest.FixtureRequest, settings: Any) -> str:
    if request.param == "without":
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
    budgets.ledger.cache_clear()
    return str(request.param)


@pytest.fixture
def breakable(tmp_path: Path, settings: Any) -> Iterator[RedisServer]:
    """A Redis that may be stopped."""
    server = RedisServer(find_binary() or Path(), tmp_path, append_only=False)
    server.start(output=subprocess.DEVNULL)
    server.wait_until_ready()
    settings.REDIS_URL = server.url
    yield server
    server.stop()


# --- Whose turn it is -----------------------------------------------------------------------------


def test_background_work_leaves_room_for_people_and_both_for_a_recovery() -> None:
    assert how_many_fit(WINDOW, budgets.background()) == 5
    assert how_many_fit(WINDOW, nullcontext()) == 3
    assert how_many_fit(WINDOW, budgets.recovery()) == 2


def test_without_redis_a_recovery_is_never_held_back_by_our_own_count(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    budgets.ledger.cache_clear()
    assert how_many_fit(WINDOW, budgets.background()) == 5
    assert how_many_fit(WINDOW, nullcontext()) == 3
    assert how_many_fit(WINDOW, budgets.recovery()) == 2000


def test_of_cloudflares_1200_background_has_600_and_200_are_kept() -> None:
    assert (CLOUDFLARE.calls, CLOUDFLARE.seconds) == (1200, 300)
    assert how_many_fit(CLOUDFLARE, budgets.background()) == 600
    assert how_many_fit(CLOUDFLARE, nullcontext()) == 400
    assert how_many_fit(CLOUDFLARE, budgets.recovery()) == 200


def test_who_waits_long_enough_is_let_in(anywhere: str) -> None:
    quick = Budget("quick", calls=2, seconds=0.3)
    began = time.monotonic()
    for _ in range(5):
        spend(quick, seconds=5)
    assert 0.6 <= time.monotonic() - began < 5.0


def test_who_cannot_wait_is_told_at_once_and_how_long_it_would_be(anywhere: str) -> None:
    for _ in range(8):
        spend(WINDOW)
    began = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        spend(WINDOW, seconds=20)
    assert time.monotonic() - began < 5.0
    error = caught.value
    assert (error.problem, error.permanent, error.outcome) == (Problem.THROTTLED, False, Outcome.NOTHING)
    assert 55 < (error.retry_after or 0) <= 60


def test_a_call_that_one_budget_refuses_is_counted_against_none() -> None:
    full = Budget("full", calls=1, seconds=60)
    spend(full)
    for _ in range(5):
        with pytest.raises(ProviderError):
            spend(WINDOW, full)
    assert how_many_fit(WINDOW, budgets.recovery()) == 10


def test_a_bucket_gives_what_is_in_it_and_then_what_flows_back(anywhere: str) -> None:
    bucket = Budget("bucket", calls=5, refill=20.0)
    began = time.monotonic()
    for _ in range(15):
        spend(bucket, seconds=5)
    assert 0.45 <= time.monotonic() - began < 5.0


def test_a_call_may_cost_more_than_one() -> None:
    assert how_many_fit(limits.cloudflare_purge_urls("a", "free"), nullcontext(), cost=100) == 8


@pytest.mark.parametrize(("plan", "bucket"), [("free", 25), ("pro", 25), ("enterprise", 500), ("unheard of", 25)])
def test_purging_is_counted_as_the_plan_allows(plan: str, bucket: int) -> None:
    assert bucket <= how_many_fit(limits.cloudflare_purge("a", plan), budgets.recovery()) <= bucket * 1.2


# --- Several workers ------------------------------------------------------------------------------

WORKER = """
import sys
from django.conf import settings
settings.configure(REDIS_URL=sys.argv[1], DR_MODE="sandbox")
from dr_console.errors import ProviderError
from dr_console.providers import budgets
from dr_console.providers.deadlines import Deadline
from dr_console.providers.limits import Budget
done = 0
while True:
    try:
        shared = [Budget("shared", calls=50, seconds=60)]
        budgets.spend(shared, vendor="V", operation="o", deadline=Deadline.after(0.01))
    except ProviderError:
        break
    done += 1
print(done)
"""


def test_two_processes_together_stay_inside(redis_url: str) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, redis_url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    done = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    assert sum(done) == 50


def test_threads_together_stay_inside(anywhere: str) -> None:
    def take(_number: int) -> bool:
        try:
            spend(WINDOW, seconds=0.001)
        except ProviderError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(40))) == 8


# --- What a vendor answers ------------------------------------------------------------------------


def _call(url: str = "https://api.vendor.test", seconds: float = 0.5, **options: Any) -> None:
    wire = Wire("Vendor", url, secrets=["a token"])
    wire.call("GET", "/", operation="ask", deadline=Deadline.after(seconds), **options)


@respx.mock
def test_who_is_told_to_wait_tells_all_workers() -> None:
    route = respx.get("https://api.vendor.test/").respond(429, headers={"Retry-After": "240"})
    with pytest.raises(ProviderError):
        _call()
    budgets.ledger.cache_clear()  # another worker, which knows only what is in Redis
    with pytest.raises(ProviderError) as caught:
        _call()
    assert route.call_count == 1, "and the second sends nothing, also not for a recovery"
    assert 230 < (caught.value.retry_after or 0) <= 240


@respx.mock
def test_one_tokens_limit_is_not_anothers() -> None:
    respx.get("https://api.vendor.test/").respond(429, headers={"Retry-After": "240"})
    with pytest.raises(ProviderError):
        _call()
    other = respx.get("https://api.vendor.test/other").respond(json={})
    wire = Wire("Vendor", "https://api.vendor.test", secrets=["another token"])
    wire.call("GET", "/other", operation="ask", deadline=Deadline.after(1))
    assert other.called


@respx.mock
def test_a_limit_of_one_channel_does_not_hold_back_the_others() -> None:
    channel = limits.slack_channel("C1")
    respx.get("https://api.vendor.test/").mock(
        side_effect=[httpx.Response(429, headers={"Retry-After": "60"}), httpx.Response(200)]
    )
    with pytest.raises(ProviderError):
        _call(also_counted=[channel])
    _call(also_counted=[limits.slack_channel("C2")])
    with pytest.raises(ProviderError):
        _call(also_counted=[channel])


def _in_half_a_minute(spelling: str) -> dict[str, str]:
    return {
        "PagerDuty": {"ratelimit-limit": "960", "ratelimit-remaining": "0", "ratelimit-reset": "30"},
        "Vercel": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 30)},
        "Cloudflare until 2025": {
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": format_datetime(now() + timedelta(seconds=30), usegmt=True),
        },
        "Cloudflare since": {"Ratelimit": '"default";r=0;t=30'},
    }[spelling]


@pytest.mark.parametrize("spelling", ["PagerDuty", "Vercel", "Cloudflare until 2025", "Cloudflare since"])
@respx.mock
def test_when_nothing_is_left_nobody_asks(spelling: str) -> None:
    route = respx.get("https://api.vendor.test/").respond(headers=_in_half_a_minute(spelling))
    _call()
    with pytest.raises(ProviderError) as caught:
        _call(seconds=5)
    assert route.call_count == 1
    assert 5 < (caught.value.retry_after or 0) <= 31


@respx.mock
def test_what_others_used_up_counts_as_well(settings: Any) -> None:
    """Cloudflare counts what people click in its dashboard; its own number is then less than ours."""
    url = settings.DR_VENDOR_URLS["cloudflare"]
    respx.get(f"{url}/").respond(headers={"Ratelimit": '"default";r=210;t=300'})
    _call(url)
    assert how_many_fit(CLOUDFLARE, budgets.background()) == 0
    assert how_many_fit(CLOUDFLARE, nullcontext()) == 10
    assert how_many_fit(CLOUDFLARE, budgets.recovery()) == 200


@pytest.mark.parametrize("raw", ["", "soon", "-5", "1e9", "NaN", "99999999999999999999", "Wed, 99 Foo 2026", "１２"])
@respx.mock
def test_a_retry_after_that_makes_no_sense_is_not_heeded(raw: str) -> None:
    respx.get("https://api.vendor.test/").respond(429, headers={"Retry-After": raw.encode()})
    with pytest.raises(ProviderError) as caught:
        _call(seconds=0.1)
    assert caught.value.retry_after is None
    spend(*limits.of_call("https://api.vendor.test", "/", ["a token"]), seconds=0.1)


@respx.mock
def test_a_retry_after_may_be_a_date() -> None:
    at = format_datetime(now() + timedelta(seconds=91), usegmt=True)
    respx.get("https://api.vendor.test/").respond(429, headers={"Retry-After": at})
    with pytest.raises(ProviderError) as caught:
        _call()
    assert 85 < (caught.value.retry_after or 0) <= 91


# --- Redis is down --------------------------------------------------------------------------------


def test_redis_that_goes_down_costs_one_wait_and_forgets_nothing_of_this_process(breakable: RedisServer) -> None:
    for _ in range(6):
        spend(WINDOW)
    budgets.heed([Budget("held")], 429, {}, 60.0)
    breakable.stop()
    began = time.monotonic()
    assert how_many_fit(WINDOW, nullcontext()) == 2
    assert time.monotonic() - began < 5.0
    with pytest.raises(ProviderError):
        spend(Budget("held"))


def test_redis_that_hangs_does_not_hold_up_a_call(breakable: RedisServer) -> None:
    spend(WINDOW)
    assert breakable.process
    subprocess.run(["kill", "-STOP", str(breakable.process.pid)], check=True)
    try:
        began = time.monotonic()
        for _ in range(5):
            spend(WINDOW, seconds=5)
        assert time.monotonic() - began < 5.0
    finally:
        subprocess.run(["kill", "-CONT", str(breakable.process.pid)], check=True)


# --- What counts against what ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vendor", "path", "calls"),
    [
        ("cloudflare", "/zones/z/dns_records", [1200]),
        ("cloudflare", "/accounts/a/queues/q/messages/pull", []),
        ("cloudflare", "/accounts/a/queues/q/messages/ack", []),
        ("pagerduty", "/oncalls", [960]),
        ("pagerduty_events", "/v2/enqueue", [0]),
        ("vercel", "/v2/user", [0]),
    ],
)
def test_each_vendors_calls_are_counted_as_it_counts_them(
    vendor: str, path: str, calls: list[int], settings: Any
) -> None:
    counted = limits.of_call(settings.DR_VENDOR_URLS[vendor], path, ["secret-token"])
    assert [budget.calls for budget in counted] == calls
    assert "secret" not in repr(counted)

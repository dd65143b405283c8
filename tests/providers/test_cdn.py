"""The CDN's cache: the same tests on a wire that answers by hand and in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dr_console.errors import Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.cdn import CdnProvider, Limits, Targets
from dr_console.providers.cloudflare import cdn as module
from dr_console.providers.deadlines import Deadline
from tests.providers.faked_cloudflare import ADDRESS, Fake, bad
from tests.sandboxed import Sandbox


@pytest.fixture
def fake(settings: Any) -> Iterator[Fake]:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "cloudflare": ADDRESS}
    with Fake().on_the_wire() as fake:
        yield fake


@pytest.fixture(params=["faked", "sandbox"])
def cdn(request: pytest.FixtureRequest, held: None) -> CdnProvider:
    request.getfixturevalue("fake" if request.param == "faked" else "in_sandbox")
    return registry.cdn("cloudflare")


@pytest.mark.parametrize(
    "targets",
    [
        Targets(everything=True),
        Targets(hosts=("api.example.com", "www.example.com")),
        Targets(prefixes=("www.example.com/static",)),
        Targets(tags=("product",)),
        Targets(urls=("https://www.example.com/a.css",)),
    ],
    ids=["everything", "hosts", "prefixes", "tags", "urls"],
)
def test_each_way_to_name_what_is_meant_is_accepted(cdn: CdnProvider, soon: Deadline, targets: Targets) -> None:
    assert cdn.purge(targets, deadline=soon).requests == 1
    assert cdn.invalidate(targets, deadline=soon).requests == 1


def test_what_is_of_several_kinds_takes_several_requests(cdn: CdnProvider, soon: Deadline) -> None:
    targets = Targets(hosts=("api.example.com",), tags=("product",), urls=("https://www.example.com/",))
    assert cdn.purge(targets, deadline=soon).requests == 3


def test_nothing_is_purged_by_nothing(cdn: CdnProvider, soon: Deadline) -> None:
    assert cdn.purge(Targets(), deadline=soon).requests == 0


def test_long_lists_are_split(cdn: CdnProvider, soon: Deadline) -> None:
    urls = tuple(f"https://www.example.com/{number}" for number in range(201))
    assert cdn.purge(Targets(urls=urls), deadline=soon).requests == 3


def test_the_limits_are_those_of_the_zones_plan(cdn: CdnProvider, soon: Deadline) -> None:
    assert cdn.limits(deadline=soon) == Limits("pro", items=100, urls=100, burst=25)


@pytest.mark.parametrize(
    "targets",
    [
        Targets(prefixes=("https://www.example.com/static",)),
        Targets(urls=("www.example.com/a.css",)),
        Targets(hosts=("www.example.com/a.css",)),
    ],
    ids=["a prefix with a scheme", "a URL without one", "a host with a path"],
)
def test_what_would_quietly_purge_nothing_is_refused(cdn: CdnProvider, soon: Deadline, targets: Targets) -> None:
    with pytest.raises(ProviderError) as caught:
        cdn.purge(targets, deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.REFUSED, True)


def test_on_enterprise_five_hundred_urls_go_at_once(fake: Fake, held: None, soon: Deadline) -> None:
    fake.plan = "enterprise"
    urls = tuple(f"https://www.example.com/{number}" for number in range(501))
    assert registry.cdn().purge(Targets(urls=urls), deadline=soon).requests == 2
    assert registry.cdn().limits(deadline=soon) == Limits("enterprise", items=100, urls=500, burst=500)


def test_the_same_is_not_named_twice(fake: Fake, held: None, soon: Deadline) -> None:
    registry.cdn().purge(Targets(hosts=("api.example.com", "api.example.com")), deadline=soon)
    assert fake.sent[-1][2] == {"hosts": ["api.example.com"]}


def test_a_plan_that_cannot_be_read_is_taken_for_the_smallest(fake: Fake, soon: Deadline) -> None:
    fake._zone = lambda request, body: bad(403, 9109, "Unauthorized")  # type: ignore[method-assign]
    assert registry.cdn().limits(deadline=soon) == Limits("", items=100, urls=100, burst=25)
    assert registry.cdn().purge(Targets(everything=True), deadline=soon).requests == 1


def test_the_free_plan_lets_five_a_minute_through_once_its_bucket_is_empty(
    fake: Fake, held: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.plan = "free"
    cdn = registry.cdn()
    monkeypatch.setattr(module.limits, "PURGE", {**module.limits.PURGE, "free": (2, 5 / 60)})
    for _ in range(2):
        cdn.purge(Targets(everything=True), deadline=Deadline.after(5))
    with pytest.raises(ProviderError) as caught:
        cdn.purge(Targets(everything=True), deadline=Deadline.after(5))
    assert caught.value.problem is Problem.THROTTLED
    assert 5 < (caught.value.retry_after or 0) < 20
    assert len([path for _method, path, _body in fake.sent if path.endswith("purge_cache")]) == 2


def test_a_bucket_that_others_emptied_is_waited_for(in_sandbox: Sandbox, soon: Deadline) -> None:
    in_sandbox.post("/cloudflare/plan", {"plan": "business"})
    in_sandbox.post("/clock", {"speed": 1})
    cdn = registry.cdn()
    requests = [cdn.purge(Targets(tags=(f"tag-{number}",)), deadline=soon).requests for number in range(55)]
    assert sum(requests) == 55


def test_a_purge_empties_the_edge(in_sandbox: Sandbox, soon: Deadline) -> None:
    registry.cdn().purge(Targets(everything=True), deadline=soon)
    registry.cdn().invalidate(Targets(hosts=("cdn.example.com",)), deadline=soon)
    effects = in_sandbox.get("/truth/effects", vendor="cloudflare")["effects"]
    assert [(effect["what"], effect["detail"]["kind"]) for effect in effects] == [
        ("cache.purge", "purge_everything"),
        ("cache.invalidate", "hosts"),
    ]


def test_a_host_of_another_zone_is_refused_in_the_vendors_words(in_sandbox: Sandbox, soon: Deadline) -> None:
    with pytest.raises(ProviderError, match=r"1107.*other\.example\.org"):
        registry.cdn().purge(Targets(hosts=("other.example.org",)), deadline=soon)

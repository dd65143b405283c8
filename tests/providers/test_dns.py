"""DNS: the same tests for every vendor, on a wire that answers by hand and in the sandbox."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from json import dumps
from typing import Any

import pytest

from dr_console.errors import Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.aws.route53 import Route53Dns
from dr_console.providers.capabilities.dns import DnsProvider, Pointing
from dr_console.providers.deadlines import Deadline
from tests.providers.faked_cloudflare import ADDRESS, Fake, good
from tests.providers.faked_route53 import ZONE, FakedRoute53
from tests.sandboxed import Sandbox

API, WWW, HOST = "api.example.com", "www.example.com", "tokyo.origin.example.com"
INCIDENT = "INC-2026-001"
Kind = Callable[[pytest.FixtureRequest], AbstractContextManager[DnsProvider]]


@contextmanager
def faked_cloudflare(request: pytest.FixtureRequest) -> Iterator[DnsProvider]:
    settings = request.getfixturevalue("settings")
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "cloudflare": ADDRESS}
    with Fake().on_the_wire():
        yield registry.dns("cloudflare")


@contextmanager
def cloudflare_in_sandbox(request: pytest.FixtureRequest) -> Iterator[DnsProvider]:
    request.getfixturevalue("in_sandbox")
    yield registry.dns("cloudflare")


@contextmanager
def faked_route53(request: pytest.FixtureRequest) -> Iterator[DnsProvider]:
    FakedRoute53().fake().install(request.getfixturevalue("monkeypatch"))
    yield Route53Dns(ZONE)


@contextmanager
def route53_in_sandbox(request: pytest.FixtureRequest) -> Iterator[DnsProvider]:
    request.getfixturevalue("in_sandbox").reset(speed=300)
    yield Route53Dns(ZONE)


# A vendor is added by a line here. It must have API and WWW as CNAMEs of HOST, and HOST as an address.
KINDS: dict[str, Kind] = {
    "cloudflare, faked": faked_cloudflare,
    "cloudflare, sandbox": cloudflare_in_sandbox,
    "route 53, faked": faked_route53,
    "route 53, sandbox": route53_in_sandbox,
}


@pytest.fixture(params=KINDS)
def dns(request: pytest.FixtureRequest) -> Iterator[DnsProvider]:
    with KINDS[request.param](request) as provider:
        request.getfixturevalue("held")  # after the wire is faked, so that what goes over it is held
        yield provider


def test_a_record_is_read_with_all_its_attributes(dns: DnsProvider, soon: Deadline) -> None:
    record = dns.record(API, deadline=soon)
    assert (record.name, record.type, record.content) == (API, "CNAME", HOST)
    assert record.id


def test_an_address_is_a_record_of_another_type(dns: DnsProvider, soon: Deadline) -> None:
    assert dns.record(HOST, type="A", deadline=soon).content == "192.0.2.10"


def test_the_name_is_the_one_asked_for_whatever_its_spelling(dns: DnsProvider, soon: Deadline) -> None:
    assert dns.record("API.Example.com.", deadline=soon) == dns.record(API, deadline=soon)


@pytest.mark.parametrize(("name", "type"), [("nothing.example.com", "CNAME"), (API, "A"), ("example.com", "CNAME")])
def test_what_is_not_there_is_not_found(dns: DnsProvider, soon: Deadline, name: str, type: str) -> None:
    with pytest.raises(ProviderError) as caught:
        dns.record(name, type=type, deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.NOT_FOUND, True)


def test_pointing_elsewhere_keeps_everything_but_content_and_comment(dns: DnsProvider, soon: Deadline) -> None:
    before = dns.record(API, deadline=soon)
    after = dns.point(Pointing(API, "backup.example.com"), reference=INCIDENT, deadline=soon)
    assert after == replace(before, content="backup.example.com", comment=after.comment, id=after.id)
    assert dns.record(API, deadline=soon) == after


def test_doing_it_twice_is_the_same_as_once(dns: DnsProvider, soon: Deadline) -> None:
    once = dns.point(Pointing(API, "backup.example.com"), reference=INCIDENT, deadline=soon)
    assert dns.point(Pointing(API, "backup.example.com"), reference=INCIDENT, deadline=soon) == once


def test_putting_back_makes_it_exactly_what_it_was(dns: DnsProvider, soon: Deadline) -> None:
    before = dns.record(API, deadline=soon)
    dns.point(Pointing(API, "backup.example.com"), reference=INCIDENT, deadline=soon)
    assert dns.put_back(before, deadline=soon) == before
    assert dns.put_back(before, deadline=soon) == before
    assert dns.record(API, deadline=soon) == before


def test_a_change_of_type_takes_one_step_there_and_one_back(dns: DnsProvider, soon: Deadline) -> None:
    before = dns.record(HOST, type="A", deadline=soon)
    after = dns.point(Pointing(HOST, "california.origin.example.com"), reference=INCIDENT, deadline=soon)
    assert (after.type, after.content, after.ttl) == ("CNAME", "california.origin.example.com", before.ttl)
    dns.put_back(before, deadline=soon)
    assert dns.record(HOST, type="A", deadline=soon).content == before.content


def test_several_names_are_pointed_and_put_back_together(dns: DnsProvider, soon: Deadline) -> None:
    before = [dns.record(name, deadline=soon) for name in (API, WWW)]
    pointings = [Pointing(API, "backup-api.example.com"), Pointing(WWW, "backup.example.com")]
    after = dns.point_all(pointings, reference=INCIDENT, deadline=soon)
    assert [record.content for record in after] == ["backup-api.example.com", "backup.example.com"]
    assert dns.point_all(pointings, reference=INCIDENT, deadline=soon) == after
    assert dns.put_all_back(before, deadline=soon) == before
    assert [dns.record(name, deadline=soon) for name in (API, WWW)] == before


def test_of_several_names_none_is_pointed_if_one_cannot_be(dns: DnsProvider, soon: Deadline) -> None:
    before = [dns.record(name, deadline=soon) for name in (API, WWW)]
    pointings = [Pointing(API, "backup-api.example.com"), Pointing(WWW, "not a host")]
    with pytest.raises(ProviderError) as caught:
        dns.point_all(pointings, reference=INCIDENT, deadline=soon)
    assert caught.value.permanent
    assert [dns.record(name, deadline=soon) for name in (API, WWW)] == before


def test_of_several_names_none_is_pointed_if_one_is_missing(dns: DnsProvider, soon: Deadline) -> None:
    pointings = [Pointing(API, "backup-api.example.com"), Pointing("nothing.example.com", "backup.example.com")]
    with pytest.raises(ProviderError, match="no such thing"):
        dns.point_all(pointings, reference=INCIDENT, deadline=soon)
    assert dns.record(API, deadline=soon).content == HOST


def test_a_name_may_not_be_given_twice(dns: DnsProvider, soon: Deadline) -> None:
    twice = [Pointing(API, "backup-api.example.com"), Pointing(API.upper(), "backup.example.com")]
    with pytest.raises(ProviderError, match="named twice"):
        dns.point_all(twice, reference=INCIDENT, deadline=soon)


def test_a_record_is_left_alone_that_points_there_already(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    dns = registry.dns("cloudflare")
    before = dns.record(API, deadline=soon)
    assert dns.point(Pointing(API, HOST), reference=INCIDENT, deadline=soon) == before
    assert _effects(in_sandbox) == []


def test_the_incident_is_named_in_the_comment(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    after = registry.dns("cloudflare").point(Pointing(API, "backup.example.com"), reference=INCIDENT, deadline=soon)
    assert after.comment == "DR INC-2026-001: was tokyo.origin.example.com"
    assert (after.proxied, after.ttl, after.tags) == (True, 1, ("service:api", "team:platform"))


def test_a_deleted_record_is_made_anew(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    dns = registry.dns("cloudflare")
    before = dns.record(API, deadline=soon)
    _raw(in_sandbox, "DELETE", f"/dns_records/{before.id}")
    made = dns.put_back(before, deadline=soon)
    assert made == replace(before, id=made.id)
    assert made.id != before.id
    assert dns.put_back(before, deadline=soon) == made


def test_what_took_the_place_of_a_deleted_record_becomes_what_was(
    in_sandbox: Sandbox, held: None, soon: Deadline
) -> None:
    dns = registry.dns("cloudflare")
    before = dns.record(API, deadline=soon)
    _raw(in_sandbox, "DELETE", f"/dns_records/{before.id}")
    _raw(in_sandbox, "POST", "/dns_records", {"name": API, "type": "A", "content": "192.0.2.99", "ttl": 60})
    made = dns.put_back(before, deadline=soon)
    assert made == replace(before, id=made.id)


def test_some_gone_and_some_changed_are_put_back_in_one_transaction(
    in_sandbox: Sandbox, held: None, soon: Deadline
) -> None:
    dns = registry.dns("cloudflare")
    before = [dns.record(name, deadline=soon) for name in (API, WWW)]
    _raw(in_sandbox, "DELETE", f"/dns_records/{before[0].id}")
    dns.point(Pointing(WWW, "backup.example.com"), reference=INCIDENT, deadline=soon)
    after = dns.put_all_back(before, deadline=soon)
    assert after == [replace(before[0], id=after[0].id), before[1]]


def test_two_records_of_one_name_are_refused_before_anything_is_changed(
    in_sandbox: Sandbox, held: None, soon: Deadline
) -> None:
    _raw(in_sandbox, "POST", "/dns_records", {"name": HOST, "type": "A", "content": "192.0.2.11", "ttl": 60})
    with pytest.raises(ProviderError, match="2 records") as caught:
        registry.dns("cloudflare").point(Pointing(HOST, "backup.example.com"), reference=INCIDENT, deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.REFUSED, True)
    assert "dns.patch" not in _effects(in_sandbox)


def test_a_filter_that_the_vendor_ignores_leads_to_no_other_name(settings: Any, held: None, soon: Deadline) -> None:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "cloudflare": ADDRESS}
    fake = Fake()
    with fake.on_the_wire():
        fake.records[0]["name"] = "x" + API
        fake.records[3]["name"] = API
        fake.records[3]["id"] = "f" * 32
        # As if name.exact meant nothing: every record is answered with.
        fake._list = lambda request, body: _all(fake)  # type: ignore[method-assign]
        assert registry.dns("cloudflare").record(API, deadline=soon).id == "f" * 32


def test_only_what_differs_is_sent(settings: Any, held: None, soon: Deadline) -> None:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "cloudflare": ADDRESS}
    fake = Fake()
    with fake.on_the_wire():
        dns = registry.dns("cloudflare")
        before = dns.record(API, deadline=soon)
        dns.point(Pointing(API, "backup.example.com"), reference=INCIDENT, deadline=soon)
        dns.put_back(before, deadline=soon)
    changes = [body for method, _path, body in fake.sent if method == "PATCH"]
    assert [set(change) for change in changes] == [{"content", "comment"}, {"content", "comment"}]
    assert not [method for method, _path, _body in fake.sent if method == "PUT"]


def test_settings_that_somebody_switched_on_are_switched_off_again(settings: Any, held: None, soon: Deadline) -> None:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "cloudflare": ADDRESS}
    fake = Fake()
    with fake.on_the_wire():
        dns = registry.dns("cloudflare")
        before = dns.record(API, deadline=soon)
        fake.records[0]["settings"] = {"ipv4_only": True}
        dns.put_back(before, deadline=soon)
    assert fake.sent[-1][2] == {"settings": {"ipv4_only": False}}


def _all(fake: Fake) -> Any:
    return good(fake.records, result_info={"page": 1, "per_page": 100, "count": 4, "total_count": 4})


def _raw(sandbox: Sandbox, method: str, path: str, json: Any = None) -> None:
    """As somebody else, whose calls are held to no contract."""
    url = f"{sandbox.url}/cloudflare/client/v4/zones/{'c' * 32}{path}"
    headers = {"Authorization": "Bearer somebody-elses-token", "Content-Type": "application/json"}
    request = urllib.request.Request(url, dumps(json).encode() if json else None, headers, method=method)
    urllib.request.urlopen(request, timeout=10).close()


def _effects(sandbox: Sandbox) -> list[str]:
    return [effect["what"] for effect in sandbox.get("/truth/effects")["effects"] if effect["vendor"] == "cloudflare"]


def test_a_name_leaves_the_cdn_where_that_is_asked_for_and_comes_back_into_it(
    in_sandbox: Sandbox, held: None, soon: Deadline
) -> None:
    dns = registry.dns("cloudflare")
    before = dns.record(API, deadline=soon)
    assert before.proxied
    left = dns.point(Pointing(API, before.content, proxied=False), reference=INCIDENT, deadline=soon)
    assert (left.content, left.proxied) == (before.content, False)
    assert INCIDENT in left.comment
    again = dns.point(Pointing(API, before.content, proxied=False), reference="another", deadline=soon)
    assert again == left
    assert dns.put_back(before, deadline=soon) == replace(before, other=dns.record(API, deadline=soon).other)


def test_where_there_is_no_cdn_no_name_can_be_led_through_it(monkeypatch: pytest.MonkeyPatch, soon: Deadline) -> None:
    FakedRoute53().fake().install(monkeypatch)
    with pytest.raises(ProviderError) as raised:
        Route53Dns(ZONE).point(Pointing(API, HOST, proxied=True), reference=INCIDENT, deadline=soon)
    assert (raised.value.problem, raised.value.permanent) == (Problem.REFUSED, True)

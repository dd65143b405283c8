"""What Route 53 has and other vendors of DNS have not: aliases, weights, batches, and changes that take a while."""

from __future__ import annotations

from typing import Any

import pytest

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers.aws.route53 import Route53Dns
from dr_console.providers.capabilities.dns import Pointing
from dr_console.providers.deadlines import Deadline
from tests.providers.faked_aws import FakedAws
from tests.providers.faked_route53 import ZONE, FakedRoute53
from tests.sandboxed import Sandbox

API = "api.example.com"
ALIAS = {
    "Name": "alias.example.com.",
    "Type": "A",
    "AliasTarget": {"HostedZoneId": "Z35SXDOTRQ7X7K", "DNSName": "lb.example.com.", "EvaluateTargetHealth": True},
}
WEIGHTED = {
    "Name": "heavy.example.com.",
    "Type": "CNAME",
    "TTL": 30,
    "ResourceRecords": [{"Value": "tokyo.origin.example.com"}],
    "SetIdentifier": "tokyo",
    "Weight": 100,
    "HealthCheckId": "hc-1",
}


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> tuple[FakedRoute53, FakedAws]:
    fake = FakedRoute53()
    wire = fake.fake().install(monkeypatch)
    request.getfixturevalue("held")
    return fake, wire


def test_an_alias_is_put_back_as_the_alias_it_was(zone: tuple[FakedRoute53, FakedAws], soon: Deadline) -> None:
    fake, _wire = zone
    fake.sets.append(ALIAS)
    dns = Route53Dns(ZONE)
    before = dns.record("alias.example.com", type="A", deadline=soon)
    assert (before.content, before.ttl) == ("lb.example.com", 1)
    after = dns.point(Pointing("alias.example.com", "backup.example.com"), reference="INC-1", deadline=soon)
    assert (after.type, after.content, after.ttl) == ("CNAME", "backup.example.com", 60)
    assert dns.put_back(before, deadline=soon) == before
    assert ALIAS in fake.sets


def test_weight_and_health_check_stay(zone: tuple[FakedRoute53, FakedAws], soon: Deadline) -> None:
    fake, _wire = zone
    fake.sets.append(WEIGHTED)
    dns = Route53Dns(ZONE)
    before = dns.record("heavy.example.com", deadline=soon)
    dns.point(Pointing("heavy.example.com", "backup.example.com"), reference="INC-1", deadline=soon)
    assert fake.sets[-1] == {**WEIGHTED, "ResourceRecords": [{"Value": "backup.example.com"}]}
    dns.put_back(before, deadline=soon)
    assert fake.sets[-1] == WEIGHTED


def test_of_several_weighted_records_none_is_chosen(zone: tuple[FakedRoute53, FakedAws], soon: Deadline) -> None:
    fake, wire = zone
    fake.sets += [WEIGHTED, {**WEIGHTED, "SetIdentifier": "california", "Weight": 0}]
    with pytest.raises(ProviderError, match="2 record sets") as caught:
        Route53Dns(ZONE).point(Pointing("heavy.example.com", "x.example.com"), reference="INC-1", deadline=soon)
    assert caught.value.permanent
    assert "route53.ChangeResourceRecordSets" not in wire.labels()


def test_several_values_of_a_record_are_put_back(zone: tuple[FakedRoute53, FakedAws], soon: Deadline) -> None:
    fake, _wire = zone
    two = {
        "Name": "two.example.com.",
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}],
    }
    fake.sets.append(two)
    dns = Route53Dns(ZONE)
    before = dns.record("two.example.com", type="A", deadline=soon)
    dns.point(Pointing("two.example.com", "192.0.2.9", "A"), reference="INC-1", deadline=soon)
    assert dns.put_back(before, deadline=soon) == before
    assert two in fake.sets


def test_what_is_so_already_is_not_sent(zone: tuple[FakedRoute53, FakedAws], soon: Deadline) -> None:
    _fake, wire = zone
    dns = Route53Dns(ZONE)
    dns.put_back(dns.record(API, deadline=soon), deadline=soon)
    dns.point(Pointing(API, "tokyo.origin.example.com."), reference="INC-1", deadline=soon)
    assert "route53.ChangeResourceRecordSets" not in wire.labels()


def test_the_incident_is_named_in_the_change(zone: tuple[FakedRoute53, FakedAws], soon: Deadline) -> None:
    _fake, wire = zone
    Route53Dns(ZONE).point(Pointing(API, "backup.example.com"), reference="INC-1", deadline=soon)
    sent = next(params for label, params in wire.asked if label == "route53.ChangeResourceRecordSets")
    assert "INC-1" in sent["ChangeBatch"]["Comment"]


def test_name_servers_are_waited_for_and_users_follow(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    Route53Dns(ZONE).point(Pointing(API, "frankfurt.origin.example.com"), reference="INC-1", deadline=soon)
    in_sandbox.post("/clock", {"advance": 400})  # until nobody keeps the earlier answer
    assert in_sandbox.get("/world")["answered_by"][API] == "frankfurt.origin.example.com"


def test_a_change_that_is_not_in_sync_in_time_may_still_come(in_sandbox: Sandbox, held: None) -> None:
    in_sandbox.reset(speed=1)
    dns = Route53Dns(ZONE)
    dns.record(API, deadline=Deadline.after(10))
    with pytest.raises(ProviderError) as caught:
        dns.point(Pointing(API, "backup.example.com"), reference="INC-1", deadline=Deadline.after(1))
    assert (caught.value.problem, caught.value.outcome) == (Problem.NOT_IN_TIME, Outcome.UNKNOWN)


def test_without_a_zone_the_setting_is_named(settings: Any, soon: Deadline) -> None:
    with pytest.raises(ProviderError, match="DR_AWS_HOSTED_ZONE") as caught:
        Route53Dns().record(API, deadline=soon)
    assert caught.value.problem is Problem.SETTINGS


def test_a_zone_that_is_not_there_is_not_found(in_sandbox: Sandbox, held: None, soon: Deadline) -> None:
    with pytest.raises(ProviderError) as caught:
        Route53Dns("Z1").record(API, deadline=soon)
    assert (caught.value.problem, caught.value.code) == (Problem.NOT_FOUND, "NoSuchHostedZone")

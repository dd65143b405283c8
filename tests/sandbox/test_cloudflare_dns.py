"""The sandbox's DNS records: what Cloudflare documents of PATCH and PUT, of conflicts, filters and batches."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.cloudflare_calls import API, TOKYO, WWW, ZONE, Calls, records
from tests.sandboxed import Sandbox

A = {"name": "a.example.com", "type": "A", "content": "192.0.2.1", "ttl": 60}


@pytest.fixture
def cloudflare(sandbox: Sandbox) -> Calls:
    return Calls(sandbox)


def test_the_plans_names_lead_to_the_primary_region(cloudflare: Calls) -> None:
    for name in (API, WWW, "edge.example.com", "images.example.com"):
        record = cloudflare.record(name)
        assert (record["type"], record["content"], record["proxied"], record["ttl"]) == ("CNAME", TOKYO, True, 1)
    assert cloudflare.record(TOKYO)["type"] == "A"
    assert {cloudflare.record(f"backup{of}.example.com")["proxied"] for of in ("", "-api")} == {True}


def test_ids_stay_the_same_from_world_to_world(cloudflare: Calls, sandbox: Sandbox) -> None:
    before = cloudflare.record(API)["id"]
    sandbox.reset(seed=7)
    assert cloudflare.record(API)["id"] == before


def test_patch_changes_only_what_it_names(cloudflare: Calls) -> None:
    before = cloudflare.record(API)
    after = cloudflare.result("PATCH", records(before["id"]), {"content": "backup.example.com"})
    assert after == {**before, "content": "backup.example.com", "modified_on": after["modified_on"]}


def test_put_resets_what_it_does_not_name(cloudflare: Calls) -> None:
    before = cloudflare.record(API)
    body = {"type": "CNAME", "name": API, "content": "backup.example.com"}
    after = cloudflare.result("PUT", records(before["id"]), body)
    assert (after["proxied"], after["ttl"], after["comment"], after["tags"]) == (False, 1, None, [])
    assert (after["id"], after["created_on"]) == (before["id"], before["created_on"])


def test_a_proxied_records_ttl_is_always_automatic(cloudflare: Calls) -> None:
    made = cloudflare.result("POST", records(), {**A, "ttl": 600, "proxied": True})
    assert made["ttl"] == 1
    assert cloudflare.result("PATCH", records(made["id"]), {"proxied": False, "ttl": 600})["ttl"] == 600


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({**A, "content": "not-an-address"}, 9005),
        ({**A, "content": ""}, 9207),
        ({**A, "type": "AAAA"}, 9006),
        ({**A, "type": "CNAME"}, 9007),
        ({**A, "type": "CNAME", "content": "a.example.com"}, 9039),
        ({**A, "type": "NONSENSE"}, 9020),
        ({**A, "ttl": 59}, 9021),
        ({**A, "ttl": 86_401}, 9021),
        ({**A, "ttl": "soon"}, 9021),
        ({**A, "proxied": "yes"}, 9003),
        ({**A, "type": "TXT", "content": "x", "proxied": True}, 9004),
        ({**A, "type": "MX", "content": "mx.example.com"}, 9100),
        ({**A, "type": "SRV", "content": ""}, 9101),
        ({**A, "name": ""}, 9000),
        ({**A, "name": "-a-"}, 9000),
        ({**A, "comment": "x" * 501}, 9313),
        ({**A, "tags": ["not a tag!"]}, 9301),
        ({**A, "tags": [f"tag:{number}" for number in range(21)]}, 9300),
        ({"type": "A", "content": "192.0.2.1"}, 9000),
    ],
)
def test_what_is_no_record_is_refused(cloudflare: Calls, given: dict[str, Any], code: int) -> None:
    assert cloudflare.refused("POST", records(), given) == (400, code)
    assert cloudflare.effects() == []


def test_the_free_plan_has_no_tags(cloudflare: Calls, sandbox: Sandbox) -> None:
    sandbox.post("/cloudflare/plan", {"plan": "free"})
    assert cloudflare.refused("POST", records(), {**A, "tags": ["a:b"]}) == (400, 9300)
    assert cloudflare.refused("POST", records(), {**A, "comment": "x" * 101}) == (400, 9313)


def test_only_enterprise_may_have_half_a_minute(cloudflare: Calls, sandbox: Sandbox) -> None:
    assert cloudflare.refused("POST", records(), {**A, "ttl": 30}) == (400, 9021)
    sandbox.post("/cloudflare/plan", {"plan": "enterprise"})
    assert cloudflare.result("POST", records(), {**A, "ttl": 30})["ttl"] == 30


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": API, "type": "CNAME", "content": TOKYO}, 81058),
        ({"name": API, "type": "CNAME", "content": "other.example.com"}, 81053),
        ({"name": API, "type": "A", "content": "192.0.2.1"}, 81054),
        ({"name": TOKYO, "type": "CNAME", "content": "other.example.com"}, 81053),
        ({"name": TOKYO, "type": "A", "content": "192.0.2.10"}, 81058),
        ({"name": TOKYO, "type": "NS", "content": "ns.example.net"}, 81056),
    ],
)
def test_a_name_has_addresses_or_one_cname(cloudflare: Calls, given: dict[str, Any], code: int) -> None:
    assert cloudflare.refused("POST", records(), {**given, "ttl": 60}) == (400, code)


def test_a_patch_may_change_the_type(cloudflare: Calls) -> None:
    before = cloudflare.record(TOKYO)
    after = cloudflare.result("PATCH", records(before["id"]), {"type": "CNAME", "content": "elsewhere.example.com"})
    assert (after["id"], after["type"], after["ttl"]) == (before["id"], "CNAME", before["ttl"])


def test_names_may_be_short_or_whole(cloudflare: Calls) -> None:
    assert cloudflare.result("POST", records(), {**A, "name": "short"})["name"] == "short.example.com"
    assert cloudflare.result("POST", records(), {**A, "name": "@"})["name"] == "example.com"
    assert cloudflare.result("POST", records(), {**A, "name": "WHOLE.example.com."})["name"] == "whole.example.com"


def test_what_was_deleted_is_gone(cloudflare: Calls) -> None:
    id = cloudflare.record(API)["id"]
    assert cloudflare.result("DELETE", records(id)) == {"id": id}
    for method, body in (("GET", None), ("PATCH", {"ttl": 60}), ("PUT", A), ("DELETE", None)):
        assert cloudflare.refused(method, records(id), body) == (404, 81044)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"name": API}, {API}),
        ({"name.contains": "backup-"}, {"backup-api.example.com", "backup-cdn.example.com"}),
        ({"name.startswith": "API."}, {API}),
        ({"name.endswith": "nothing.example.com"}, set()),
        ({"type": "A", "name.startswith": "tokyo"}, {TOKYO}),
        ({"content": "192.0.2.10"}, {TOKYO}),
        ({"content.contains": "0.2.10"}, {TOKYO}),
        ({"comment.exact": "website"}, {WWW}),
        ({"comment.absent": ""}, {"example.com"}),
        ({"tag.exact": "service:web"}, {WWW}),
        ({"tag.present": "team"}, {API}),
        ({"tag": "team:platform"}, {API}),
        ({"search": "platform"}, {API}),
        ({"match": "any", "name": API, "content": "192.0.2.10"}, {API, TOKYO}),
        ({"match": "all", "name": API, "content": "192.0.2.10"}, set()),
        ({"tag.exact": "service:web", "tag.present": "team", "tag_match": "any"}, {API, WWW}),
        ({"proxied": "false", "type": "TXT"}, {"example.com"}),
    ],
)
def test_lists_are_filtered(cloudflare: Calls, query: dict[str, str], names: set[str]) -> None:
    found = cloudflare.result("GET", records(), params=query)
    assert {record["name"] for record in found} == names


def test_lists_are_ordered_and_paged(cloudflare: Calls) -> None:
    query = {"order": "name", "direction": "desc", "per_page": 4}
    pages = [cloudflare("GET", records(), params={**query, "page": page}).json() for page in (1, 2, 3, 4)]
    names = [record["name"] for page in pages for record in page["result"]]
    assert names == sorted(names, reverse=True)
    assert pages[0]["result_info"] == {"page": 1, "per_page": 4, "count": 4, "total_count": 12, "total_pages": 3}
    assert [len(page["result"]) for page in pages] == [4, 4, 4, 0]


def test_a_batch_does_all_in_the_documented_order(cloudflare: Calls) -> None:
    api, www = cloudflare.record(API), cloudflare.record(WWW)
    body = {
        "posts": [{"name": API, "type": "A", "content": "192.0.2.9", "ttl": 60}],
        "patches": [{"id": www["id"], "content": "backup.example.com"}],
        "deletes": [{"id": api["id"]}],
    }
    done = cloudflare.result("POST", f"{records()}/batch", body)
    assert [record["id"] for record in done["deletes"]] == [api["id"]]
    assert done["patches"][0]["content"] == "backup.example.com"
    assert done["posts"][0]["type"] == "A"
    assert cloudflare.effects() == [("dns.delete", API), ("dns.patch", WWW), ("dns.create", API)]


def test_of_a_batch_all_is_done_or_nothing(cloudflare: Calls) -> None:
    api, www = cloudflare.record(API), cloudflare.record(WWW)
    body = {"patches": [{"id": www["id"], "content": "backup.example.com"}, {"id": api["id"], "content": "192.0.2.1"}]}
    assert cloudflare.refused("POST", f"{records()}/batch", body) == (400, 9007)
    assert cloudflare.record(WWW) == www
    assert cloudflare.effects() == []


def test_every_change_is_an_effect_with_what_was_before(cloudflare: Calls, sandbox: Sandbox) -> None:
    id = cloudflare.record(API)["id"]
    cloudflare.result("PATCH", records(id), {"content": "backup.example.com", "comment": "DR INC-1"})
    (effect,) = sandbox.get("/truth/effects", vendor="cloudflare")["effects"]
    assert (effect["what"], effect["target"]) == ("dns.patch", API)
    detail = effect["detail"]
    assert (detail["was"], detail["content"], detail["proxied"]) == (TOKYO, "backup.example.com", True)
    assert detail["comment"] == "DR INC-1"


def test_a_zone_file_goes_out_and_comes_in(cloudflare: Calls) -> None:
    text = cloudflare._client.get(f"{records()}/export").text
    assert "api.example.com.\t1\tIN\tCNAME\ttokyo.origin.example.com." in text
    added = "mail.example.com. 300 IN MX 10 mx.example.com.\nnew 60 IN A 192.0.2.50 ; note\n"
    answer = cloudflare._client.post(f"{records()}/import", files={"file": ("zone.txt", text + added)})
    assert answer.json()["result"] == {"recs_added": 2, "total_records_parsed": 14}
    assert cloudflare.record("mail.example.com")["priority"] == 10


def test_another_zone_has_names_of_its_own(cloudflare: Calls) -> None:
    zone = cloudflare.result("POST", "/zones", {"name": "example.net"})
    assert cloudflare.result("GET", f"/zones/{zone['id']}/dns_records") == []
    assert cloudflare.refused("POST", "/zones", {"name": "example.net"}) == (400, 1061)
    cloudflare.result("DELETE", f"/zones/{zone['id']}")
    assert cloudflare.refused("GET", f"/zones/{zone['id']}") == (403, 9109)
    assert cloudflare.refused("GET", f"/zones/{zone['id']}/dns_records") == (403, 10000)


@pytest.mark.parametrize("body", ["{bad", "[]", '"text"', "1"])
def test_a_body_that_is_no_object_is_refused(cloudflare: Calls, body: str) -> None:
    answer = cloudflare._client.post(f"/zones/{ZONE}/dns_records", content=body)
    assert (answer.status_code, answer.json()["success"]) == (400, False)


def test_what_changes_nothing_is_no_effect(cloudflare: Calls) -> None:
    before = cloudflare.record(API)
    for _ in range(2):
        after = cloudflare.result("PATCH", records(before["id"]), {"content": "backup.example.com"})
    assert cloudflare.result("PATCH", records(before["id"]), {"content": "backup.example.com"}) == after
    assert cloudflare.effects() == [("dns.patch", API)]

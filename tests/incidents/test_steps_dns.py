"""Steps that lead names elsewhere and back, on the sandbox's Cloudflare."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dr_console.providers import dry
from dr_console.runs import points
from dr_console.runs.models import Run, Step
from dr_console.runs.registry import Sight
from dr_console.web.sentences import spoken
from tests import make
from tests.incidents import carrying, stepping
from tests.providers.conftest import held, in_sandbox
from tests.sandboxed import Sandbox

__all__ = ["held", "in_sandbox"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
S, R = Step.State, Run.State
POINT, BACK = "failover.point_dns", "failover.put_dns_back"
API = {"records": [{"name": "api.example.com", "target": "backup.example.com"}]}
TWO = {"records": [{"name": f"{name}.example.com", "target": "backup.example.com"} for name in ("api", "www")]}


@pytest.fixture
def world(in_sandbox: Sandbox) -> Sandbox:
    in_sandbox.reset(speed=1)
    return in_sandbox


def fault(world: Sandbox, kind: str, route: str = "PATCH *", **more: Any) -> None:
    world.post("/faults", {"kind": kind, "vendor": "cloudflare", "route": route, **more})


def target(world: Sandbox, name: str = "api.example.com") -> str:
    return str(carrying.records(world)[f"CNAME {name}"]["content"])


def test_one_name_is_led_elsewhere_and_back_exactly(world: Sandbox, held: None):
    before = carrying.records(world)
    run = stepping.start(POINT, API)
    step = stepping.carry_out(run)
    assert (step.state, step.is_noop) == (S.SUCCEEDED, False)
    api = carrying.records(world)["CNAME api.example.com"]
    assert (api["content"], api["proxied"]) == ("backup.example.com", True)
    assert api["comment"].startswith(f"DR INC-2026-001 {run.code} g1")
    assert step.before["records"][0]["comment"] == "Public API, primary region"
    assert stepping.undone(run, make.user()).state == R.ROLLED_BACK
    assert carrying.records(world) == before


def test_several_names_are_led_elsewhere_in_one_request(world: Sandbox, held: None):
    step = stepping.done(POINT, TWO)
    assert step.state == S.SUCCEEDED
    assert {target(world, name) for name in ("api.example.com", "www.example.com")} == {"backup.example.com"}
    asked = [one["label"] for one in world.get("/truth/requests", vendor="cloudflare")["requests"]]
    assert [label for label in asked if not label.startswith("GET")] == [
        "POST /zones/cccccccccccccccccccccccccccccccc/dns_records/batch"
    ]


def test_a_name_leaves_the_cdn_and_comes_back_into_it(world: Sandbox, held: None):
    before = carrying.records(world)
    away = {"records": [{"name": "www.example.com", "target": "backup-cdn.example.com", "proxied": False}]}
    run = stepping.start(POINT, away)
    assert stepping.carry_out(run).state == S.SUCCEEDED
    assert carrying.records(world)["CNAME www.example.com"]["proxied"] is False
    stepping.undone(run, make.user())
    assert carrying.records(world) == before


def test_what_is_as_wanted_is_left_alone(world: Sandbox, held: None):
    stepping.done(POINT, API)
    changed = carrying.done(world)
    again = stepping.done(POINT, API)
    assert (again.state, again.is_noop) == (S.SUCCEEDED, True)
    assert carrying.done(world) == changed


def test_an_answer_that_is_lost_after_the_effect_leads_to_a_look_and_to_nothing_more(world: Sandbox):
    fault(world, "reset", after_effect=True, times=1)
    step = stepping.done(POINT, API, tries=3)
    assert step.state == S.SUCCEEDED
    assert carrying.done(world) == {"cloudflare dns.patch": 1}
    assert world.get("/truth")["doubles"] == []


def test_too_many_calls_are_waited_for_and_the_step_says_until_when(world: Sandbox):
    fault(world, "throttled", retry_after=40, times=1)
    run = stepping.start(POINT, API)
    step = stepping.carry_out(run)
    assert step.state == S.RETRY_WAIT
    assert "Cloudflare" in spoken(step.said)
    assert target(world) == "tokyo.origin.example.com"


def test_a_token_that_expired_fails_at_once_in_the_vendors_words(world: Sandbox):
    fault(world, "expired-token", route="*")
    step = stepping.done(POINT, API, tries=3)
    assert (step.state, step.attempt) == (S.FAILED, 1)
    assert "Cloudflare" in spoken(step.said)


def test_a_vendor_that_is_down_is_asked_again_and_then_given_up(world: Sandbox):
    world.post("/scenarios", {"name": "vendor-down", "parameters": {"vendor": "cloudflare", "how": "error"}})
    step = stepping.done(POINT, API, tries=6)
    assert step.state == S.FAILED
    assert step.attempt == 3
    world.post("/heal")
    assert target(world) == "tokyo.origin.example.com"


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(world: Sandbox, held: None):
    with dry.only_looking():
        shown = stepping.preview(POINT, TWO)
    assert shown.observation.sight is Sight.DIFFERS
    assert shown.observation.now["api.example.com"]["content"] == "tokyo.origin.example.com"
    assert shown.observation.wanted["api.example.com"]["content"] == "backup.example.com"
    assert shown.calls == (
        (
            "POST",
            "DNS",
            "dns_records/batch "
            "api.example.com: content=backup.example.com; www.example.com: content=backup.example.com",
        ),
    )
    assert "exactly as they are now" in spoken(shown.undo)
    assert [spoken(warning.said) for warning in shown.warnings] == [
        "It takes up to five minutes until everybody is led elsewhere: api.example.com, www.example.com."
    ]
    assert carrying.done(world) == {}


def test_the_preview_warns_of_leaving_the_cdn_and_of_long_ttls(world: Sandbox):
    zone, token = carrying.ZONE, carrying.TOKEN
    record = carrying.records(world)["CNAME cdn.example.com"]
    url = f"{world.url}{zone}/dns_records/{record['id']}"
    assert httpx.patch(url, json={"ttl": 3600}, headers=token).json()["success"]
    away = [{"name": "cdn.example.com", "target": "backup-cdn.example.com"}]
    away.append({"name": "www.example.com", "target": "backup-cdn.example.com", "proxied": False})
    warnings = [spoken(warning.said) for warning in stepping.preview(POINT, {"records": away}).warnings]
    assert warnings[0] == "cdn.example.com is kept by resolvers for 3600 s: lower its TTL to 60 s beforehand."
    assert warnings[-1].startswith("www.example.com leave the CDN")


def test_names_go_back_to_what_was_kept_comments_and_all(world: Sandbox, held: None):
    before = carrying.records(world)
    away = stepping.done(POINT, TWO)
    kept = {"kept": {"records": away.before["records"]}}
    home = {"records": [{"name": one["name"], "target": "elsewhere.example.com"} for one in TWO["records"]]}
    shown = stepping.preview(BACK, home, context=kept)
    assert "content=tokyo.origin.example.com" in shown.calls[0][2]
    run = stepping.start(BACK, home, context=kept)
    assert stepping.carry_out(run).state == S.SUCCEEDED
    assert carrying.records(world) == before
    # And its own undo leads them to the standby again.
    stepping.undone(run, make.user("eve"))
    assert target(world) == "backup.example.com"


def test_where_nothing_was_kept_names_go_where_the_plan_says(world: Sandbox, held: None):
    stepping.done(POINT, API)
    home = {"records": [{"name": "api.example.com", "target": "tokyo.origin.example.com"}]}
    shown = stepping.preview(BACK, home)
    assert "not known" in spoken(shown.warnings[0].said)
    assert stepping.done(BACK, home).state == S.SUCCEEDED
    assert target(world) == "tokyo.origin.example.com"


def test_a_name_that_is_not_there_is_refused_for_good(world: Sandbox):
    step = stepping.done(POINT, {"records": [{"name": "none.example.com", "target": "b.example.com"}]}, tries=3)
    assert (step.state, step.attempt) == (S.FAILED, 1)


def test_a_record_of_another_type_becomes_a_cname_and_an_address_again(world: Sandbox, held: None):
    before = carrying.records(world)
    name = "frankfurt.origin.example.com"
    run = stepping.start(POINT, {"records": [{"name": name, "target": "california.origin.example.com"}]})
    assert stepping.carry_out(run).state == S.SUCCEEDED
    assert target(world, name) == "california.origin.example.com"
    stepping.undone(run, make.user())
    assert carrying.records(world) == before


def test_each_record_is_read_once_before_it_is_changed(world: Sandbox, held: None):
    stepping.done(POINT, TWO)
    asked = [one["label"].split()[0] for one in world.get("/truth/requests", vendor="cloudflare")["requests"]]
    assert asked == ["GET", "GET", "POST"]


@pytest.mark.parametrize("names", [API, TWO], ids=["one", "several"])
def test_a_record_that_was_made_anew_after_the_look_is_changed_too(
    world: Sandbox, monkeypatch: pytest.MonkeyPatch, names: dict[str, Any]
):
    def make_anew(point: str, _key: str) -> None:
        if point == "intended":
            carrying.make_record_anew(world, "api.example.com")

    monkeypatch.setattr(points, "_visitor", make_anew)
    step = stepping.done(POINT, names)
    assert (step.state, target(world)) == (S.SUCCEEDED, "backup.example.com")

"""What is broken in the world itself, rule by rule, and what our clients then say of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dr_console.errors import Problem, ProviderError
from dr_console.providers import registry, sandbox
from dr_console.providers.aws.objects import R2Objects, S3Objects
from dr_console.providers.aws.rds import RdsSnapshots
from dr_console.providers.capabilities.dns import Pointing
from dr_console.providers.capabilities.probe import Failure, Phase, ProbeResult, Target
from dr_console.providers.deadlines import Deadline
from dr_console.providers.object_copy import copy_across
from dr_console.providers.probe import probe_now
from dr_console.sandbox.faults import WORLD, Kind
from tests.sandboxed import Sandbox

API = "https://api.example.com/health"
TOKYO = "https://tokyo.origin.example.com/health"
CALIFORNIA = "https://california.origin.example.com/health"


def ask(url: str, seconds: float = 10) -> ProbeResult:
    return probe_now(Target(url), deadline=Deadline.after(seconds))


def lose_a_region(world: Sandbox, soon: Deadline) -> None:
    world.post("/faults", {"kind": "region-lost", "region": "asia-northeast-1"})
    world.post("/clock", {"speed": 1})  # it is silent for 30 seconds of the world
    silent = ask(TOKYO, seconds=2)
    world.post("/clock", {"speed": 60})
    assert (silent.failure, silent.phase) == (Failure.TIMED_OUT, Phase.FIRST_BYTE)
    assert silent.sentence.startswith("It took the request, and did not answer in time.")
    assert (ask(API).failure, ask(API).status) == (Failure.STATUS, 522)
    assert ask(CALIFORNIA).ok


def slow_a_region(world: Sandbox, soon: Deadline) -> None:
    before = ask(TOKYO)
    world.post("/faults", {"kind": "region-slow", "region": "asia-northeast-1", "seconds": 60})
    after = ask(TOKYO)
    assert after.ok
    assert before.timings.first_byte is not None
    assert after.timings.first_byte is not None
    assert after.timings.first_byte >= 1 > before.timings.first_byte


def lose_the_cdn(world: Sandbox, soon: Deadline) -> None:
    world.post("/faults", {"kind": "cdn-outage"})
    assert ask(API).status == 500
    assert ask(API).sentence.startswith("It answers with status 500.")
    assert ask(TOKYO).ok


def break_the_api(world: Sandbox, soon: Deadline) -> None:
    world.post("/faults", {"kind": "api-errors"})
    assert ask(TOKYO).status == 503
    assert ask("https://tokyo.origin.example.com/health/static").ok


def delay_dns(world: Sandbox, soon: Deadline) -> None:
    world.post("/faults", {"kind": "dns-lag", "seconds": 3600})
    moved = registry.dns().point(
        Pointing("api.example.com", "california.origin.example.com"), reference="INC-1", deadline=soon
    )
    assert moved.content == "california.origin.example.com"  # Cloudflare says that it is done, and it is
    world.post("/clock", {"advance": 600})
    assert world.get("/world")["answered_by"]["api.example.com"] == "tokyo.origin.example.com"
    world.post("/clock", {"advance": 3600})
    assert world.get("/world")["answered_by"]["api.example.com"] == "california.origin.example.com"


def lose_data(world: Sandbox, soon: Deadline) -> None:
    world.post("/clock", {"advance": 600})
    world.post("/faults", {"kind": "data-lost", "seconds": 300})
    assert ask(API).ok  # nothing answers wrongly, and still
    lost = sandbox.truth(deadline=soon).canaries.lost
    assert 280 <= lost <= 320


def corrupt_an_object(world: Sandbox, soon: Deadline) -> None:
    s3, r2 = S3Objects(), R2Objects()
    before = r2.head("images/1.webp", deadline=soon)
    world.post("/faults", {"kind": "corrupted-object", "name": "gemini-images-backup/images/1.webp"})
    with pytest.raises(ProviderError) as caught:
        copy_across(s3, r2, "images/1.webp", deadline=soon)
    assert (caught.value.problem, caught.value.vendor) == (Problem.FAILED, "AWS")
    assert r2.head("images/1.webp", deadline=soon).etag == before.etag


def lose_a_snapshot(world: Sandbox, soon: Deadline) -> None:
    RdsSnapshots().create("dr-1", deadline=soon)
    assert RdsSnapshots().snapshot("dr-1", deadline=soon).name == "dr-1"
    world.post("/faults", {"kind": "missing-snapshot", "name": "dr-*"})
    with pytest.raises(ProviderError) as caught:
        RdsSnapshots().snapshot("dr-1", deadline=soon)
    assert (caught.value.problem, caught.value.permanent) == (Problem.NOT_FOUND, True)
    assert str(caught.value).startswith("AWS could not read the database’s snapshot: there is no such thing.")


STORIES: dict[Kind, Callable[[Sandbox, Deadline], None]] = {
    Kind.REGION_LOST: lose_a_region,
    Kind.REGION_SLOW: slow_a_region,
    Kind.CDN_OUTAGE: lose_the_cdn,
    Kind.API_ERRORS: break_the_api,
    Kind.DNS_LAG: delay_dns,
    Kind.DATA_LOST: lose_data,
    Kind.CORRUPTED_OBJECT: corrupt_an_object,
    Kind.MISSING_SNAPSHOT: lose_a_snapshot,
}


def test_no_kind_is_left_out():
    assert set(STORIES) == WORLD


@pytest.mark.parametrize("kind", STORIES)
def test_what_is_broken_shows_in_what_our_clients_say(in_sandbox: Sandbox, soon: Deadline, kind: Kind):
    STORIES[kind](in_sandbox, soon)


def test_a_slow_vendor_is_waited_for(in_sandbox: Sandbox, soon: Deadline):
    in_sandbox.post("/faults", {"kind": "latency", "vendor": "cloudflare", "seconds": 0.5})
    heard = Deadline.after(60)
    assert registry.dns().record("api.example.com", deadline=soon).type == "CNAME"
    assert 60 - heard.left() >= 0.5

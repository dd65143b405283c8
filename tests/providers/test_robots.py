"""Robots of chat rooms: what each vendor is sent, and what its noes mean; on a faked wire, and in the sandbox."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry
from dr_console.providers.capabilities.robot import RoomLink, RoomMessage
from dr_console.providers.checking import ROBOTS, State, check_all
from dr_console.providers.deadlines import Deadline
from dr_console.providers.robots.markup import plain
from tests.providers.faked_channels import wire
from tests.sandboxed import Sandbox

MESSAGE = RoomMessage(
    title="[DRILL] P0 INC-2026-001: Tokyo does not answer",
    text="Ada: three probes failed.",
    facts=(("Severity", "P0"), ("服务", "图片")),
    links=(RoomLink("Acknowledge", "https://dr.example.com/answer/1/", is_main=True), RoomLink("Open", "https://x/y")),
    urgency="critical",
)
GOOD: dict[str, Callable[[], httpx.Response]] = {
    "feishu": lambda: httpx.Response(200, json={"StatusCode": 0, "code": 0, "msg": "success", "data": {}}),
    "dingtalk": lambda: httpx.Response(200, json={"errcode": 0, "errmsg": "ok"}),
    "wecom": lambda: httpx.Response(200, json={"errcode": 0, "errmsg": "ok"}),
    "teams": lambda: httpx.Response(202),
    "mattermost": lambda: httpx.Response(200, text="ok"),
}
ADDRESSES = {
    "feishu": "https://open.feishu.cn/open-apis/bot/v2/hook/SECRET-PATH-OF-A-ROOM",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=SECRET-PATH-OF-A-ROOM",
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=SECRET-PATH-OF-A-ROOM",
    "teams": "https://prod-1.logic.azure.com/workflows/SECRET-PATH-OF-A-ROOM/triggers/manual/paths/invoke?sig=SECRET-SIGNATURE-OF-IT",
    "mattermost": "https://chat.example.com/hooks/SECRET-PATH-OF-A-ROOM",
}


@pytest.fixture
def live(settings: Any) -> None:
    settings.DR_MODE = "live"
    given = {vendor: {"url": url, "secret": "SECRET-KEY"} for vendor, url in ADDRESSES.items()}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, **given}


def soon() -> Deadline:
    return Deadline.after(3)


def said_to(vendor: str, message: RoomMessage = MESSAGE, answer: httpx.Response | None = None) -> httpx.Request:
    """The request that a message comes to."""
    asked: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer or GOOD[vendor]()

    parts = urlsplit(ADDRESSES[vendor])
    with wire((f"{parts.scheme}://{parts.netloc}", take)):
        registry.robot(vendor).post(message, deadline=soon())
    return asked[0]


def refused_by(vendor: str, answer: httpx.Response) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        said_to(vendor, answer=answer)
    return raised.value


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("vendor", ROBOTS)
def test_everything_is_said_and_can_be_opened(vendor):
    request = said_to(vendor)
    text = json.dumps(json.loads(request.content), ensure_ascii=False)
    for part in ("[DRILL] P0 INC-2026-001", "three probes failed", "服务", "图片", "https://dr.example.com/answer/1/"):
        assert part in text
    assert str(request.url).startswith(ADDRESSES[vendor].split("?")[0])


@pytest.mark.usefixtures("live")
def test_what_its_address_says_is_asked_as_well():
    assert parse_qs(said_to("wecom").url.query.decode())["key"] == ["SECRET-PATH-OF-A-ROOM"]
    assert parse_qs(said_to("teams").url.query.decode())["sig"] == ["SECRET-SIGNATURE-OF-IT"]


@pytest.mark.usefixtures("live")
def test_feishu_is_signed_as_feishu_says(time_machine):
    time_machine.move_to("2026-03-01 12:00 +0000", tick=False)
    body = json.loads(said_to("feishu").content)
    key = f"{body['timestamp']}\nSECRET-KEY".encode()
    assert body["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert body["timestamp"] == "1772366400"


@pytest.mark.usefixtures("live")
def test_dingtalk_is_signed_as_dingtalk_says(time_machine):
    time_machine.move_to("2026-03-01 12:00 +0000", tick=False)
    query = parse_qs(said_to("dingtalk").url.query.decode())
    expected = hmac.new(b"SECRET-KEY", b"1772366400000\nSECRET-KEY", hashlib.sha256).digest()
    assert query == {
        "access_token": ["SECRET-PATH-OF-A-ROOM"],
        "timestamp": ["1772366400000"],
        "sign": [base64.b64encode(expected).decode()],
    }


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("vendor", ["feishu", "dingtalk"])
def test_without_a_secret_nothing_is_signed(vendor, settings):
    settings.DR_CREDENTIALS[vendor]["secret"] = ""
    request = said_to(vendor)
    assert "sign" not in str(request.url)
    assert '"sign"' not in request.content.decode()


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    ("vendor", "answer", "problem", "permanent"),
    [
        ("feishu", {"code": 19021, "msg": "sign match fail"}, Problem.CREDENTIALS, True),
        ("feishu", {"code": 19001, "msg": "token invalid"}, Problem.NOT_FOUND, True),
        ("feishu", {"code": 11232, "msg": "frequency limited"}, Problem.THROTTLED, False),
        ("feishu", {"code": 1, "msg": "else"}, Problem.REFUSED, True),
        ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, Problem.CREDENTIALS, True),
        ("dingtalk", {"errcode": 130101, "errmsg": "send too fast"}, Problem.THROTTLED, False),
        ("wecom", {"errcode": 93000, "errmsg": "invalid webhook url"}, Problem.NOT_FOUND, True),
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}, Problem.THROTTLED, False),
    ],
    ids=["signature", "token", "often", "else", "keywords", "fast", "address", "frequency"],
)
def test_a_no_with_status_200_is_a_no(vendor, answer, problem, permanent):
    error = refused_by(vendor, httpx.Response(200, json=answer))
    assert (error.problem, error.permanent, error.outcome) == (problem, permanent, Outcome.NOTHING)
    assert str(answer.get("code") or answer.get("errcode")) == error.code


@pytest.mark.usefixtures("live")
def test_the_older_connectors_of_teams_say_no_with_200_too():
    said = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429"
    assert refused_by("teams", httpx.Response(200, text=said)).problem is Problem.THROTTLED
    said = said.replace("429", "403")
    assert refused_by("teams", httpx.Response(200, text=said)).permanent


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("vendor", ROBOTS)
def test_trouble_at_the_vendor_is_told_apart_from_a_no(vendor):
    assert not refused_by(vendor, httpx.Response(503)).permanent
    assert refused_by(vendor, httpx.Response(404)).problem is Problem.NOT_FOUND


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("vendor", ROBOTS)
def test_it_follows_nobody_elsewhere(vendor):
    error = refused_by(vendor, httpx.Response(302, headers={"Location": "https://elsewhere.example/"}))
    assert error.problem is Problem.GARBLED


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("vendor", ROBOTS)
def test_the_address_and_the_secret_are_never_quoted(vendor, caplog):
    known = ["SECRET-PATH-OF-A-ROOM", ADDRESSES[vendor]]
    known += ["SECRET-KEY"] if vendor in ("feishu", "dingtalk") else []
    known += ["SECRET-SIGNATURE-OF-IT"] if vendor == "teams" else []
    error = refused_by(vendor, httpx.Response(400, text=f"no: {' '.join(known)}"))
    said = f"{error} {error.facts()} {caplog.text}"
    assert [secret for secret in known if secret in said] == []


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("vendor", ROBOTS)
def test_what_is_too_long_is_cut_and_what_can_be_pressed_is_not(vendor):
    long = RoomMessage("题" * 5_000, "文" * 50_000, [("名", "值" * 5_000)] * 40, MESSAGE.links)
    content = said_to(vendor, long).content
    size = len(json.dumps(json.loads(content), ensure_ascii=False).encode())
    assert size <= {"wecom": 4_300, "teams": 28_000}.get(vendor, 20_000)
    assert b"https://dr.example.com/answer/1/" in content
    assert "…" in json.loads(content).__str__()


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("<@all>", "<@"),
        ("<font color=red>", "<font"),
        ("[x](https://evil)", "]("),
        ("![x](y)", "]("),
        ("@channel", "@channel"),
        ("@ALL now", "@ALL"),
        ("@所有人", "@所有人"),
    ],
    ids=["wecom mention", "tag", "link", "picture", "channel", "all", "everyone in Chinese"],
)
def test_what_others_wrote_calls_nobody_and_leads_nowhere(text, bad):
    assert bad not in plain(text)


def test_an_address_and_a_name_stay_as_they_are():
    assert plain("ada@example.com api_errors 5*3 #1 @wei") == "ada@example.com api_errors 5*3 #1 @wei"


# --- In the sandbox -------------------------------------------------------------------------------
@pytest.fixture
def rooms(sandbox: Sandbox, settings: Any) -> Sandbox:
    given = {
        vendor: {"url": f"{sandbox.url}/robots/{vendor}/hook/sandbox-{vendor}", "secret": f"sandbox-{vendor}-secret"}
        for vendor in ROBOTS
    }
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, **given}
    return sandbox


@pytest.mark.parametrize("vendor", ROBOTS)
def test_the_sandboxs_room_reads_it(rooms, vendor):
    registry.robot(vendor).post(MESSAGE, deadline=soon())
    [said] = rooms.get("/outbox", channel=vendor)["messages"]
    assert "Tokyo does not answer" in said["text"]
    assert said["detail"]["links"]["Acknowledge"] == "https://dr.example.com/answer/1/"


@pytest.mark.parametrize("vendor", ROBOTS)
def test_a_room_that_is_gone_is_said_so(rooms, vendor, settings):
    settings.DR_CREDENTIALS[vendor]["url"] += "-gone"
    with pytest.raises(ProviderError) as raised:
        registry.robot(vendor).post(MESSAGE, deadline=soon())
    assert raised.value.problem is Problem.NOT_FOUND
    assert raised.value.permanent


@pytest.mark.parametrize("vendor", ["feishu", "dingtalk"])
def test_a_wrong_secret_is_said_so(rooms, vendor, settings):
    settings.DR_CREDENTIALS[vendor]["secret"] = "sandbox-other"
    with pytest.raises(ProviderError) as raised:
        registry.robot(vendor).post(MESSAGE, deadline=soon())
    assert raised.value.problem is Problem.CREDENTIALS


def test_the_sandbox_never_speaks_to_a_real_room(settings):
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "wecom": {"url": ADDRESSES["wecom"]}}
    with pytest.raises(ProviderError) as raised:
        registry.robot("wecom").post(MESSAGE, deadline=soon())
    assert raised.value.problem is Problem.SETTINGS


def test_readiness_names_those_that_are_set(rooms, settings):
    found = check_all(["robots"], deadline=soon())
    assert [one.state for one in found] == [State.OK] * 5
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, **{vendor: {"url": ""} for vendor in ROBOTS}}
    [none] = check_all(["robots"], deadline=soon())
    assert none.state is State.NOT_SET
    assert "DR_ROBOT_FEISHU_URL" in none.words

"""Telephone: the same tests for every vendor, on a wire answered by hand and in the sandbox; then what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import respx

from dr_console.errors import Outcome, Problem, ProviderError
from dr_console.providers import registry, voice_webhook_checks
from dr_console.providers.capabilities.phone import Announcement, CallState, PhoneProvider
from dr_console.providers.deadlines import Deadline, looks
from dr_console.providers.twilio import TwilioPhone, checks
from dr_console.providers.twilio.twiml import twiml
from dr_console.providers.voice_webhook import VoiceWebhook
from tests import contracts
from tests.providers.faked_channels import TWILIO, VOICE, TwilioAnswers, VoiceAnswers, sent, wire
from tests.sandboxed import Sandbox

NUMBER, KEY = "+15550123", "INC-2026-001/0/technical-lead"
PAGE = Announcement(
    "INC-2026-001: Tokyo does not answer.",
    question="Press 1 to acknowledge.",
    keys_url="http://127.0.0.1:8000/hooks/keys?call=7&to=ada",
    status_url="http://127.0.0.1:8000/hooks/status",
)


@pytest.fixture
def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=5)


@pytest.fixture
def real_address(settings: Any) -> None:
    settings.DR_VENDOR_URLS = {**settings.DR_VENDOR_URLS, "twilio": TWILIO}


@pytest.fixture
def on_the_wire(real_address: None) -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def voice_at(settings: Any, url: str) -> None:
    voice = {**settings.DR_CREDENTIALS["voice"], "url": url}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "voice": voice}


@pytest.fixture
def twilio_faked(real_address: None) -> Iterator[PhoneProvider]:
    with wire((TWILIO, TwilioAnswers().api)):
        yield registry.phone("twilio")


@pytest.fixture
def twilio_in_sandbox(in_sandbox: Sandbox) -> PhoneProvider:
    return registry.phone("twilio")


@pytest.fixture
def voice_faked(settings: Any) -> Iterator[PhoneProvider]:
    settings.DR_MODE = "live"
    voice_at(settings, VOICE)
    with wire((VOICE, VoiceAnswers().api)):
        yield registry.phone("webhook")


@pytest.fixture
def voice_in_sandbox(in_sandbox: Sandbox, settings: Any) -> PhoneProvider:
    voice_at(settings, f"{in_sandbox.url}/voice/calls")
    return registry.phone("webhook")


@pytest.fixture
def voice_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The voice webhook is no vendor, and has no address of its own by which a call to it would be known."""
    send = httpx.Client.send

    def send_and_hold(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        response = send(self, request, **options)
        response.read()
        path = request.url.path.removeprefix("/voice")
        if path.startswith("/calls"):
            asked, answered = sent(request), response.json()
            status = response.status_code
            contracts.hold("voice", request.method, path, query={}, request=asked, status=status, answer=answered)
        return response

    monkeypatch.setattr(httpx.Client, "send", send_and_hold)


@pytest.fixture(params=["twilio_faked", "twilio_in_sandbox"])
def twilio(request: pytest.FixtureRequest, held: None) -> TwilioPhone:
    phone = request.getfixturevalue(request.param)
    assert isinstance(phone, TwilioPhone)
    return phone


@pytest.fixture(params=["twilio_faked", "twilio_in_sandbox", "voice_faked", "voice_in_sandbox"])
def phone(request: pytest.FixtureRequest, held: None, voice_held: None) -> PhoneProvider:
    provider: PhoneProvider = request.getfixturevalue(request.param)
    return provider


def test_a_call_is_made_and_its_state_can_be_asked(phone: PhoneProvider, soon: Deadline):
    call = phone.call(NUMBER, PAGE, key=KEY, deadline=soon)
    assert (call.to, call.state, call.seconds) == (NUMBER, CallState.QUEUED, None)
    later = phone.state(call.id, deadline=soon)
    assert (later.id, later.to) == (call.id, NUMBER)
    assert later.state in (CallState.QUEUED, CallState.RINGING)


def test_a_number_may_be_written_as_people_write_it(phone: PhoneProvider, soon: Deadline):
    assert phone.call("+1-555-0123", PAGE, key=KEY, deadline=soon).to == NUMBER
    assert phone.call("+1 (555) 01.24", PAGE, key="another", deadline=soon).to == "+15550124"


def test_a_call_that_is_not_there_is_not_found(phone: PhoneProvider, soon: Deadline):
    error = _refusal(lambda: phone.state("CA" + "f" * 32, deadline=soon))
    assert error.problem is Problem.NOT_FOUND


def test_a_call_is_found_again_by_its_number(twilio: TwilioPhone, soon: Deadline, long_ago: datetime):
    assert twilio.find(NUMBER, since=long_ago, deadline=soon) is None
    call = twilio.call(NUMBER, PAGE, key=KEY, deadline=soon)
    found = twilio.find(NUMBER, since=long_ago, deadline=soon)
    assert found is not None
    assert found.id == call.id
    ahead = datetime.now(UTC) + timedelta(hours=1)
    assert twilio.find(NUMBER, since=ahead, deadline=soon) is None


def test_a_call_can_be_ended(twilio: TwilioPhone, soon: Deadline):
    call = twilio.call(NUMBER, PAGE, key=KEY, deadline=soon)
    for _ in range(2):
        assert twilio.hang_up(call.id, deadline=soon).state.is_final


def test_a_number_that_is_none_is_refused_for_good(twilio: TwilioPhone, soon: Deadline):
    error = _refusal(lambda: twilio.call("+15005550001", PAGE, key=KEY, deadline=soon))
    assert (error.code, error.permanent, error.outcome) == ("21217", True, Outcome.NOTHING)


def test_a_text_message_is_sent_and_found(twilio: TwilioPhone, soon: Deadline, long_ago: datetime):
    text = twilio.text(NUMBER, "P0 东京无响应", status_url=PAGE.status_url, deadline=soon)
    assert text.state == "queued"
    assert twilio.text_state(text.id, deadline=soon).id == text.id
    found = twilio.find_text(NUMBER, "P0 东京无响应", since=long_ago, deadline=soon)
    assert found is not None
    assert found.id == text.id
    assert twilio.find_text(NUMBER, "another", since=long_ago, deadline=soon) is None


def test_the_checks_find_everything_in_order(twilio: TwilioPhone, soon: Deadline):
    findings = [finding for check in checks.CHECKS for finding in check(soon)]
    assert [finding.state.value for finding in findings] == ["ok", "ok"]


def test_a_number_that_is_not_ours_is_found_out(twilio: TwilioPhone, soon: Deadline, settings: Any):
    twilio_settings = {**settings.DR_CREDENTIALS["twilio"], "from_number": "+15550177"}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "twilio": twilio_settings}
    (finding,) = checks.number(soon)
    assert finding.state.value == "failed"


def test_a_trial_account_is_told_of(on_the_wire: respx.MockRouter, soon: Deadline):
    account = {"sid": "AC" + "0" * 32, "status": "active", "type": "Trial", "friendly_name": "DR"}
    on_the_wire.get(url__regex=".*/Accounts/AC0+.json").respond(200, json=account)
    (finding,) = checks.account(soon)
    assert finding.words == "DR is a trial account: it calls only numbers that were verified."


# --- Who answered: only the sandbox can tell ------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "state", "answered_by"),
    [
        ("+15550190", CallState.COMPLETED, "human"),
        ("+15550191", CallState.COMPLETED, "machine"),
        ("+15550192", CallState.BUSY, ""),
        ("+15550193", CallState.FAILED, ""),
        ("+15550194", CallState.NO_ANSWER, ""),
    ],
)
def test_a_completed_call_may_have_been_a_machine(
    twilio_in_sandbox: TwilioPhone, soon: Deadline, number: str, state: CallState, answered_by: str
):
    call = twilio_in_sandbox.call(number, Announcement("short", times=1), key=KEY, deadline=soon)
    for _ in looks(soon, longest=0.2):
        call = twilio_in_sandbox.state(call.id, deadline=soon)
        if call.state.is_final:
            break
    assert (call.state, call.answered_by) == (state, answered_by)
    assert call.seconds is not None


def test_the_same_key_rings_once_through_the_voice_webhook(voice_in_sandbox: VoiceWebhook, soon: Deadline):
    one, two = (voice_in_sandbox.call(NUMBER, PAGE, key=KEY, deadline=soon) for _ in range(2))
    assert one.id == two.id


# --- What goes wrong ------------------------------------------------------------------------------


def call(deadline: Deadline) -> Any:
    return TwilioPhone().call(NUMBER, PAGE, key=KEY, deadline=deadline)


@pytest.mark.parametrize("answer", [httpx.ReadTimeout, httpx.ReadError, httpx.Response(500), httpx.Response(502)])
def test_a_call_whose_answer_was_lost_is_not_made_twice(on_the_wire: respx.MockRouter, soon: Deadline, answer: Any):
    route = on_the_wire.post(url__regex=".*/Calls.json").mock(side_effect=[answer])
    assert _refusal(lambda: call(soon)).outcome is Outcome.UNKNOWN
    assert route.call_count == 1


def test_a_lost_call_is_found_in_the_sandbox(in_sandbox: Sandbox, soon: Deadline, long_ago: datetime):
    fault = {"kind": "timeout-after-effect", "vendor": "twilio", "route": "POST */Calls.json", "times": 1, "seconds": 2}
    in_sandbox.post("/faults", fault)
    assert _refusal(lambda: call(soon)).outcome is Outcome.UNKNOWN
    assert TwilioPhone().find(NUMBER, since=long_ago, deadline=soon) is not None
    assert len(in_sandbox.get("/truth/effects", vendor="twilio")["effects"]) == 1


def test_too_many_calls_are_made_later(on_the_wire: respx.MockRouter, soon: Deadline):
    busy = httpx.Response(429, json={"code": 20429, "message": "Too Many Requests", "status": 429})
    made = TwilioAnswers()._post("/Calls.json", {"To": NUMBER, "From": "+15550100"})
    route = on_the_wire.post(url__regex=".*/Calls.json").mock(side_effect=[busy, made])
    assert call(soon).state is CallState.QUEUED
    assert route.call_count == 2


@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '{"sid": "CA1", "to": "+1", "status": "flying"}'])
def test_an_answer_of_another_shape_is_garbled_and_quoted(on_the_wire: respx.MockRouter, soon: Deadline, body: str):
    on_the_wire.post(url__regex=".*/Calls.json").respond(201, text=body)
    error = _refusal(lambda: call(soon))
    assert (error.problem, error.outcome) == (Problem.GARBLED, Outcome.UNKNOWN)
    assert body[:20] in error.said


def test_a_wrong_token_is_a_matter_of_credentials(on_the_wire: respx.MockRouter, soon: Deadline):
    on_the_wire.post(url__regex=".*/Calls.json").respond(401, json={"code": 20003, "message": "Authenticate"})
    error = _refusal(lambda: call(soon))
    assert (error.problem, error.code, error.permanent) == (Problem.CREDENTIALS, "20003", True)


def test_no_secret_is_told(on_the_wire: respx.MockRouter, settings: Any, soon: Deadline):
    twilio = {**settings.DR_CREDENTIALS["twilio"], "auth_token": "hunter2"}
    voice = {"url": "http://127.0.0.1:9/calls", "secret": "hunter2"}
    settings.DR_CREDENTIALS = {**settings.DR_CREDENTIALS, "twilio": twilio, "voice": voice}
    on_the_wire.route().mock(side_effect=lambda request: httpx.Response(400, text=f"{request.headers.raw} hunter2"))
    for ask in (call, lambda soon: VoiceWebhook().call(NUMBER, PAGE, key=KEY, deadline=soon)):
        error = _refusal(lambda ask=ask: ask(soon))
        assert "hunter2" not in f"{error} {error!r} {error.facts()}"


def test_the_voice_webhook_never_leaves_the_sandbox(settings: Any, soon: Deadline):
    voice_at(settings, VOICE)
    error = _refusal(lambda: VoiceWebhook().call(NUMBER, PAGE, key=KEY, deadline=soon))
    assert (error.problem, error.permanent) == (Problem.SETTINGS, True)
    (finding,) = voice_webhook_checks.configured(soon)
    assert finding.state.value == "not_set"


def test_the_voice_webhooks_own_words_are_told(settings: Any, soon: Deadline):
    voice_at(settings, "http://127.0.0.1:9/calls")
    body = {"error": {"code": "no_credit", "message": "the account is empty"}}
    with wire(("http://127.0.0.1:9/", lambda request: httpx.Response(402, json=body))):
        error = _refusal(lambda: VoiceWebhook().call(NUMBER, PAGE, key=KEY, deadline=soon))
    assert (error.code, error.said, error.permanent) == ("no_credit", "the account is empty", True)


# --- What is said ---------------------------------------------------------------------------------


def test_it_is_said_three_times_while_nobody_presses_a_key():
    document = ElementTree.fromstring(twiml(PAGE))
    gathers = list(document)
    assert [gather.tag for gather in gathers] == ["Gather"] * 3
    assert gathers[0].attrib["action"] == PAGE.keys_url
    assert gathers[0].attrib["numDigits"] == "1"
    assert [say.text for say in gathers[0]] == [PAGE.text, PAGE.question]


def test_text_from_elsewhere_is_no_twiml():
    document = ElementTree.fromstring(twiml(Announcement('</Say><Hangup/> & "x"', keys_url='http://a/"><Dial/>')))
    assert {element.tag for element in document.iter()} == {"Response", "Gather", "Say"}


@pytest.mark.parametrize("text", ["word " * 2_000, "<&>" * 3_000, "东京" * 4_000, ""])
@pytest.mark.parametrize("times", [0, 1, 3, 30])
def test_what_is_too_long_is_cut_and_the_question_is_kept(text: str, times: int):
    made = twiml(Announcement(text, question="Press 1.", keys_url="http://127.0.0.1/keys", times=times))
    assert len(made) <= 4_000
    assert ElementTree.fromstring(made).findall(".//Say")[1].text == "Press 1."


def test_chinese_is_spoken_by_a_chinese_voice():
    assert 'language="zh-CN"' in twiml(Announcement("东京无响应", language="zh-hans"))


def _refusal(ask: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask()
    return caught.value

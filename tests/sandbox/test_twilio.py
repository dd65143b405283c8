"""Twilio in the sandbox: how calls go, keys, voicemail, signed callbacks, and what Twilio's own client makes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from dr_console.providers import signatures
from dr_console.providers.signatures import Verdict
from tests.sandbox.receiver import Heard, Receiver, receiving
from tests.sandboxed import Sandbox

ACCOUNT, TOKEN = "AC" + "0" * 32, "a-token-of-ours"
NOBODY = "+15550123"  # rings until somebody is told to answer
EVENTS = ["initiated", "ringing", "answered", "completed"]


class Here(TwilioHttpClient):
    """Twilio's client has no setting for the address."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def request(self, method: str, url: str, *args: Any, **options: Any) -> Any:
        return super().request(method, url.replace("https://api.twilio.com", self._base), *args, **options)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(ACCOUNT, TOKEN, http_client=Here(f"{sandbox.url}/twilio"))


def gather(action: str, **attributes: str) -> str:
    more = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<Response><Gather numDigits="1" action="{action}"{more}><Say>Page. Press 1.</Say></Gather></Response>'


def call(client: Client, to: str, **options: Any) -> Any:
    options = options if "url" in options else {"twiml": "<Response><Say>Page</Say></Response>", **options}
    return client.calls.create(to=to, from_="+15550100", **options)


def ended(client: Client, sid: str) -> Any:
    for _ in range(500):
        found = client.calls(sid).fetch()
        if found.status not in ("queued", "ringing", "in-progress"):
            return found
        time.sleep(0.02)
    raise AssertionError(f"still {found.status}")


def verify(heard: Heard) -> None:
    signature = heard.headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(heard.url, heard.form, signature)
    assert signatures.twilio(heard.url, heard.form, signature, secret=TOKEN) is Verdict.GENUINE


def test_a_human_answers_and_presses_a_key(client: Client, receiver: Receiver):
    receiver.answers["/keys"] = (200, "<Response><Say>Thank you</Say></Response>")
    made = call(
        client,
        "+15550190",
        twiml=gather(f"{receiver.url}/keys?call=7"),
        status_callback=f"{receiver.url}/status",
        status_callback_event=EVENTS,
        machine_detection="Enable",
    )
    assert made.status == "queued"
    done = ended(client, made.sid)
    assert (done.status, done.answered_by) == ("completed", "human")
    heard = receiver.wait_for(5)
    for one in heard:
        verify(one)
        assert one.form["CallSid"] == made.sid
    states = [one.form["CallStatus"] for one in heard if one.path == "/status"]
    assert states == ["initiated", "ringing", "in-progress", "completed"]
    numbers = [one.form["SequenceNumber"] for one in heard if one.path == "/status"]
    assert numbers == ["0", "1", "2", "3"]
    (keys,) = [one for one in heard if one.path == "/keys"]
    assert (keys.form["Digits"], keys.url.endswith("?call=7")) == ("1", True)


@pytest.mark.parametrize(
    ("to", "status", "answered_by"),
    [
        ("+15550191", "completed", "machine_start"),
        ("+15550192", "busy", None),
        ("+15550193", "failed", None),
        ("+15550194", "no-answer", None),
        ("+15550195", "completed", "human"),
        ("+15550196", "completed", "human"),
    ],
)
def test_completed_is_no_acknowledgement(
    client: Client, receiver: Receiver, to: str, status: str, answered_by: str | None
):
    made = call(client, to, twiml=gather(f"{receiver.url}/keys", timeout="2"), machine_detection="Enable")
    done = ended(client, made.sid)
    assert (done.status, done.answered_by) == (status, answered_by)
    assert receiver.heard == []  # no key was pressed


def test_nobody_answers_until_somebody_is_told_to(client: Client, sandbox: Sandbox, receiver: Receiver):
    sandbox.reset(speed=1)
    made = call(client, NOBODY, twiml=gather(f"{receiver.url}/keys"))
    sandbox.post("/clock", {"advance": 10})
    assert client.calls(made.sid).fetch().status == "ringing"
    sandbox.post("/twilio/answer", {"to": NOBODY, "does": "listen"})
    assert client.calls(made.sid).fetch().status == "in-progress"
    sandbox.post("/twilio/answer", {"call": made.sid, "digits": "2"})
    assert receiver.wait_for(1)[0].form["Digits"] == "2"


def test_a_call_that_nobody_takes_ends_after_its_time(client: Client, sandbox: Sandbox):
    sandbox.reset(speed=1)
    made = call(client, NOBODY, timeout=20)
    for seconds, status in ((5, "ringing"), (15, "ringing"), (3, "no-answer")):
        sandbox.post("/clock", {"advance": seconds})
        assert client.calls(made.sid).fetch().status == status


def test_a_number_can_be_taught(client: Client, sandbox: Sandbox, receiver: Receiver):
    taught = {"number": "+1 (555) 012-3456", "does": "press", "digits": "19", "after": 1.0}
    assert sandbox.post("/twilio/numbers", taught)["number"] == "+15550123456"
    twiml = f'<Response><Gather action="{receiver.url}/keys" finishOnKey="#"><Say>Code</Say></Gather></Response>'
    call(client, "+15550123456", twiml=twiml)
    assert receiver.wait_for(1)[0].form["Digits"] == "19"


def test_twiml_is_fetched_with_a_signature_and_followed(client: Client, receiver: Receiver):
    receiver.answers["/first"] = (
        200,
        "<Response><Pause length='1'/><Redirect>/second?x=1&amp;y=2</Redirect></Response>",
    )
    receiver.answers["/second"] = (200, "<Response><Hangup/><Say>never said</Say></Response>")
    made = call(client, "+15550195", url=f"{receiver.url}/first")
    assert ended(client, made.sid).status == "completed"
    first, second = receiver.wait_for(2)
    for one in (first, second):
        verify(one)
    assert (first.path, second.path, first.form["CallStatus"]) == ("/first", "/second", "in-progress")


def test_twiml_may_be_asked_for_by_get(client: Client, receiver: Receiver):
    receiver.answers["/twiml"] = (200, "<Response/>")
    ended(client, call(client, "+15550195", url=f"{receiver.url}/twiml", method="GET").sid)
    (heard,) = receiver.wait_for(1)
    assert heard.method == "GET"
    assert "CallSid=" in heard.url
    verify(heard)


@pytest.mark.parametrize("answer", [(500, ""), (200, "<Response><Say>"), (200, "<Nonsense/>"), (404, "no")])
def test_twiml_that_is_none_ends_the_call_and_says_why(
    client: Client, sandbox: Sandbox, receiver: Receiver, answer: tuple[int, str]
):
    receiver.answers["/twiml"] = answer
    made = call(client, "+15550195", url=f"{receiver.url}/twiml")
    assert ended(client, made.sid).status == "completed"
    (shown,) = sandbox.get("/twilio/calls")["calls"]
    assert shown["warnings"]


def test_since_2026_a_shared_key_may_sign(client: Client, sandbox: Sandbox, receiver: Receiver):
    sandbox.post("/twilio/signing", {"shared_secret": "shared"})
    call(client, "+15550192", status_callback=f"{receiver.url}/status")
    (heard,) = receiver.wait_for(1)
    settings = heard.headers["X-Twilio-Webhooks-Signature-Settings"]
    signature = heard.headers["X-Twilio-Signature"]
    assert settings.endswith("algorithm=HMAC_SHA256")
    assert RequestValidator("shared").validate(heard.url, heard.form, signature, "HMAC_SHA256")
    verdict = signatures.twilio(heard.url, heard.form, signature, secret="shared", settings=settings)
    assert verdict is Verdict.GENUINE


def test_without_events_only_the_end_is_told(client: Client, receiver: Receiver):
    ended(client, call(client, "+15550190", status_callback=f"{receiver.url}/status").sid)
    (heard,) = receiver.wait_for(1)
    assert heard.form["CallStatus"] == "completed"
    assert int(heard.form["CallDuration"]) >= 0


def test_a_call_is_redirected_and_ended(client: Client, sandbox: Sandbox, receiver: Receiver):
    sandbox.reset(speed=1)
    made = call(client, NOBODY, twiml="<Response><Pause length='100'/></Response>")
    with pytest.raises(TwilioRestException) as caught:
        client.calls(made.sid).update(twiml="<Response/>")
    assert caught.value.code == 21220
    sandbox.post("/twilio/answer", {"to": NOBODY, "does": "listen"})
    client.calls(made.sid).update(twiml="<Response><Pause length='50'/></Response>")
    assert client.calls(made.sid).update(status="completed").status == "completed"
    assert client.calls(made.sid).delete()


def test_a_text_message_goes_its_way(client: Client, receiver: Receiver, sandbox: Sandbox):
    made = client.messages.create(to=NOBODY, from_="+15550100", body="P0 东京", status_callback=f"{receiver.url}/sms")
    assert made.status == "queued"
    heard = receiver.wait_for(3)
    assert [one.form["MessageStatus"] for one in heard] == ["sending", "sent", "delivered"]
    for one in heard:
        verify(one)
    assert client.messages(made.sid).fetch().status == "delivered"
    assert [one.body for one in client.messages.list(to=NOBODY)] == ["P0 东京"]


def test_lists_come_in_pages_newest_first(client: Client, sandbox: Sandbox):
    sids = [call(client, NOBODY).sid for _ in range(3)]
    assert [one.sid for one in client.calls.list(page_size=1)] == sids[::-1]
    assert [one.sid for one in client.calls.list(limit=2)] == sids[:0:-1]
    assert client.calls.list(to="+15550199") == []
    assert client.calls.list(status="completed") == []


def test_account_and_numbers_are_there(client: Client):
    assert client.api.v2010.accounts(ACCOUNT).fetch().status == "active"
    (number,) = client.incoming_phone_numbers.list()
    assert (number.phone_number, number.capabilities["voice"]) == ("+15550100", True)
    assert client.balance.fetch().currency == "USD"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 21201),
        ({"To": NOBODY}, 21213),
        ({"To": "12", "From": "+15550100", "Url": "http://127.0.0.1/"}, 21211),
        ({"To": NOBODY, "From": "nobody", "Url": "http://127.0.0.1/"}, 21212),
        ({"To": NOBODY, "From": "+15550100"}, 21205),
        ({"To": NOBODY, "From": "+15550100", "Url": "https://demo.twilio.com/docs/voice.xml"}, 21205),
        ({"To": NOBODY, "From": "+15550100", "Twiml": "<Response"}, 12100),
        ({"To": NOBODY, "From": "+15550100", "Twiml": "<Response/>", "StatusCallback": "https://x.example.com"}, 21609),
        ({"To": NOBODY, "From": "+15550100", "Twiml": "<Response/>", "StatusCallbackEvent": "flew"}, 21626),
        ({"To": "+15005550003", "From": "+15550100", "Twiml": "<Response/>"}, 21215),
    ],
)
def test_errors_have_twilios_numbers(sandbox: Sandbox, form: dict[str, str], code: int):
    url = f"{sandbox.url}/twilio/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    answer = httpx.post(url, data=form, auth=(ACCOUNT, TOKEN), trust_env=False)
    assert answer.status_code == 400
    body = answer.json()
    assert (body["code"], body["status"]) == (code, 400)
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    assert sandbox.get("/truth/effects", vendor="twilio")["effects"] == []


def test_a_header_of_no_alphabet_is_no_login(sandbox: Sandbox):
    url = f"{sandbox.url}/twilio/2010-04-01/Accounts/{ACCOUNT}.json"
    for header in (b"Basic \xff", b"Basic", b"Basic /w==", b"Bearer x"):
        assert httpx.get(url, headers={b"Authorization": header}, trust_env=False).status_code == 401


@pytest.mark.parametrize("auth", [None, ("", ""), (ACCOUNT, ""), ("ada", "x")])
def test_without_credentials_nothing_is_told(sandbox: Sandbox, auth: Any):
    url = f"{sandbox.url}/twilio/2010-04-01/Accounts/{ACCOUNT}.json"
    answer = httpx.get(url, auth=auth, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


@pytest.mark.parametrize("path", ["Calls/CA1.json", "Messages/SM1.json", "Nothing.json"])
def test_what_is_not_there_is_404(sandbox: Sandbox, path: str):
    url = f"{sandbox.url}/twilio/2010-04-01/Accounts/{ACCOUNT}/{path}"
    answer = httpx.get(url, auth=(ACCOUNT, TOKEN), trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    other = url.replace(ACCOUNT, "AC" + "1" * 32)
    assert httpx.get(other, auth=(ACCOUNT, TOKEN), trust_env=False).status_code == 404


@pytest.mark.parametrize(
    "entity", ["<!DOCTYPE x [<!ENTITY a 'b'>]><Response>&a;</Response>", "<Response>&nbsp;</Response>"]
)
def test_twiml_has_no_entities(sandbox: Sandbox, client: Client, entity: str):
    with pytest.raises(TwilioRestException) as caught:
        call(client, NOBODY, twiml=entity)
    assert caught.value.code == 12100


def test_the_voice_service_presses_keys_as_well(sandbox: Sandbox, receiver: Receiver):
    at = time.time()
    body = b'{"key": "k", "to": "+15550190", "text": "Page", "keys_url": "%s/keys", "status_url": "%s/status"}' % (
        (receiver.url.encode(),) * 2
    )
    secret = "sandbox-voice-secret"
    headers = {"X-DR-Signature": signatures.sign_voice(body, secret=secret, at=at)}
    url = f"{sandbox.url}/voice/calls"
    assert httpx.post(url, content=body, headers=headers, trust_env=False).status_code == 201
    assert httpx.post(url, content=body, trust_env=False).status_code == 401
    heard = receiver.wait_for(4)
    for one in heard:
        signed = one.headers["X-DR-Signature"]
        at = float(signed.split(",")[0].removeprefix("t="))
        assert signatures.voice(one.body, signed, secret=secret, at=at) is Verdict.GENUINE
    assert [one.path for one in heard].count("/keys") == 1

"""Signatures of what comes in, held against the vendors' own code both ways."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

import pytest
from slack_sdk.signature import Clock, SignatureVerifier
from twilio.request_validator import RequestValidator

from dr_console.providers import signatures
from dr_console.providers.signatures import Verdict

SECRET = "sandbox-secret"
BODY = '{"event": "值班"}'.encode()
NOW = 1_795_360_000.0
URL = "https://dr.example.com/hooks/twilio?call=7"
FORM = {"CallSid": "CA1", "Digits": "1", "From": "+15550100", "Empty": ""}


def hex_of(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


class Frozen(Clock):
    def now(self) -> float:
        return NOW


def test_pagerduty_signed_it():
    assert signatures.pagerduty(BODY, f"v1={hex_of(SECRET, BODY)}", secrets=[SECRET]) is Verdict.GENUINE


def test_pagerduty_signs_twice_while_its_secret_is_changed():
    both = f"v1={hex_of('new', BODY)}, v1={hex_of('old', BODY)}"
    assert signatures.pagerduty(BODY, both, secrets=["old"]) is Verdict.GENUINE
    assert signatures.pagerduty(BODY, both, secrets=["new"]) is Verdict.GENUINE
    assert signatures.pagerduty(BODY, both, secrets=["other", "old"]) is Verdict.GENUINE
    assert signatures.pagerduty(BODY, both, secrets=["other"]) is Verdict.FORGED


@pytest.mark.parametrize("header", [None, "", "v2=abc", "nonsense", ",", "sha256=abc"])
def test_what_carries_no_signature_of_pagerdutys_is_unsigned(header):
    assert signatures.pagerduty(BODY, header, secrets=[SECRET]) is Verdict.UNSIGNED


@pytest.mark.parametrize("header", ["v1=", "v1=x", "v1=Ünicode", "v1=" + "0" * 64])
def test_a_wrong_signature_is_forged(header):
    assert signatures.pagerduty(BODY, header, secrets=[SECRET]) is Verdict.FORGED


def test_an_empty_secret_signs_nothing():
    header = f"v1={hmac.new(b'', BODY, hashlib.sha256).hexdigest()}"
    assert signatures.pagerduty(BODY, header, secrets=[""]) is Verdict.FORGED
    assert signatures.github(BODY, "sha256=" + header[3:], secret="") is Verdict.FORGED
    slack = f"v0={hmac.new(b'', b'v0:1:', hashlib.sha256).hexdigest()}"
    assert signatures.slack(b"", slack, "1", secret="", at=1) is Verdict.FORGED
    assert signatures.twilio(URL, FORM, RequestValidator("").compute_signature(URL, FORM), secret="") is Verdict.FORGED
    assert signatures.voice(BODY, signatures.sign_voice(BODY, secret="", at=NOW), secret="", at=NOW) is Verdict.FORGED


def test_every_byte_counts():
    header = f"v1={hex_of(SECRET, BODY)}"
    for changed in (BODY + b" ", BODY[:-1], BODY.replace(b"event", b"Event")):
        assert signatures.pagerduty(changed, header, secrets=[SECRET]) is Verdict.FORGED


def slack_header(at: float = NOW, secret: str = SECRET) -> Any:
    return SignatureVerifier(secret).generate_signature(timestamp=str(int(at)), body=BODY)


def slack(signature: str | None, timestamp: str | None) -> Verdict:
    return signatures.slack(BODY, signature, timestamp, secret=SECRET, at=NOW)


def test_what_slacks_own_code_signs_is_genuine():
    assert slack(slack_header(), str(int(NOW))) is Verdict.GENUINE


def test_another_secret_or_another_time_is_forged():
    assert slack(slack_header(secret="other"), str(int(NOW))) is Verdict.FORGED
    assert slack(slack_header(), str(int(NOW) + 1)) is Verdict.FORGED


@pytest.mark.parametrize(("age", "verdict"), [(299, "genuine"), (300, "genuine"), (301, "stale"), (-301, "stale")])
def test_slack_is_believed_for_five_minutes(age, verdict):
    at = NOW - age
    assert slack(slack_header(at), str(int(at))) == verdict
    known = SignatureVerifier(SECRET, Frozen()).is_valid(BODY, str(int(at)), slack_header(at))
    assert known is (verdict == "genuine")


@pytest.mark.parametrize("timestamp", [None, "", "soon", "-5", "1e9", "١٢٣"])
def test_a_timestamp_that_is_none_is_no_signature(timestamp):
    assert slack(slack_header(), timestamp) is Verdict.UNSIGNED


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
@pytest.mark.parametrize(
    "url",
    [URL, "https://dr.example.com:443/hooks/twilio?call=7", "http://127.0.0.1:8000/keys", "http://[::1]:8000/keys"],
)
def test_what_twilios_own_code_signs_is_genuine(algorithm, url):
    signature = RequestValidator(SECRET).compute_signature(url, FORM, algorithm)
    settings = f"key=webhooks_sharedkey_1,algorithm={algorithm}" if algorithm == "HMAC_SHA256" else None
    assert signatures.twilio(url, FORM, signature, secret=SECRET, settings=settings) is Verdict.GENUINE
    assert signatures.twilio(url, FORM, signature, secret="other", settings=settings) is Verdict.FORGED
    wrong = {**FORM, "Digits": "2"}
    assert signatures.twilio(url, wrong, signature, secret=SECRET, settings=settings) is Verdict.FORGED


def test_twilio_may_sign_with_the_port_or_without_it():
    bare = RequestValidator(SECRET).compute_signature(URL, FORM)
    with_port = URL.replace(".com/", ".com:443/")
    assert signatures.twilio(with_port, FORM, bare, secret=SECRET) is Verdict.GENUINE
    assert RequestValidator(SECRET).validate(with_port, FORM, bare)


def test_a_field_that_is_repeated_counts_once_for_each_value():
    class Repeated(dict[str, Any]):
        def getlist(self, name: str) -> Any:
            return self[name] if isinstance(self[name], list) else [self[name]]

    form = Repeated(FORM, MediaUrl=["b", "a", "b"])
    signature = RequestValidator(SECRET).compute_signature(URL, form)
    assert signatures.twilio(URL, form, signature, secret=SECRET) is Verdict.GENUINE


def test_a_body_that_is_no_form_is_signed_through_the_address():
    url = f"{URL}&bodySHA256={hashlib.sha256(BODY).hexdigest()}"
    signature = RequestValidator(SECRET).compute_signature(url, {})
    assert signatures.twilio(url, {}, signature, secret=SECRET, body=BODY) is Verdict.GENUINE
    assert signatures.twilio(url, {}, signature, secret=SECRET, body=b"other") is Verdict.FORGED


def test_an_algorithm_that_nobody_knows_is_no_signature():
    signature = RequestValidator(SECRET).compute_signature(URL, FORM)
    for settings in ("key=k,algorithm=HMAC_MD5", "algorithm=none"):
        assert signatures.twilio(URL, FORM, signature, secret=SECRET, settings=settings) is Verdict.UNSIGNED
    assert signatures.twilio(URL, FORM, None, secret=SECRET) is Verdict.UNSIGNED


def test_the_weaker_algorithm_is_not_taken_where_the_stronger_is_named():
    signature = RequestValidator(SECRET).compute_signature(URL, FORM, "HMAC_SHA1")
    settings = "key=k,algorithm=HMAC_SHA256"
    assert signatures.twilio(URL, FORM, signature, secret=SECRET, settings=settings) is Verdict.FORGED


def test_github_signed_it():
    # The example of https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    secret, body = "It's a Secret to Everybody", b"Hello, World!"
    header = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert signatures.github(body, header, secret=secret) is Verdict.GENUINE
    assert signatures.github(body + b"!", header, secret=secret) is Verdict.FORGED
    assert signatures.github(body, None, secret=secret) is Verdict.UNSIGNED


def test_our_own_signature_says_when_and_what():
    at = time.time()
    header = signatures.sign_voice(BODY, secret=SECRET, at=at)
    assert signatures.voice(BODY, header, secret=SECRET, at=at + 10) is Verdict.GENUINE
    assert signatures.voice(BODY, header, secret=SECRET, at=at + 400) is Verdict.STALE
    assert signatures.voice(BODY, header, secret="other", at=at) is Verdict.FORGED
    assert signatures.voice(b"", header, secret=SECRET, at=at) is Verdict.FORGED
    for nothing in (None, "", "t=1", "v1=abc", "t=now,v1=abc", "t=,v1="):
        assert signatures.voice(BODY, nothing, secret=SECRET, at=at) is Verdict.UNSIGNED


def test_twilios_example_is_genuine():
    # https://www.twilio.com/docs/usage/security
    form = {"CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234", "From": "+12349013030"}
    form["To"] = "+18005551212"
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    text = url + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(b"12345", text.encode(), hashlib.sha1).digest()).decode()
    assert signatures.twilio(url, form, signature, secret="12345") is Verdict.GENUINE

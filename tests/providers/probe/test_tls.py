"""Certificates that are good, and that are not; handshakes that do not come about."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta

import pytest
from django.utils.timezone import now

from dr_console.providers.capabilities.probe import Failure, Phase
from tests.providers.answering import ok, saying
from tests.providers.probe import HOST
from tests.providers.probe.asking import secure


@pytest.mark.usefixtures("_trusted", "names")
def test_a_certificate_that_is_good(servers, authority):
    result = secure(servers.serve(saying(ok()), tls=authority.tls(HOST, "*.product.test")))
    assert result.ok, result.sentence
    assert result.timings.tls is not None
    assert result.certificate is not None
    assert (result.certificate.issuer, result.certificate.subject) == ("Test authority", HOST)
    assert (result.certificate.fits, result.certificate.trusted) == (True, True)
    assert result.certificate.names == (HOST, "*.product.test")
    assert timedelta(days=29) < result.certificate.expires_at - now() <= timedelta(days=30)


@pytest.mark.usefixtures("_trusted", "names")
@pytest.mark.parametrize(
    ("made", "said", "fits"),
    [
        ({"names": (HOST,), "days": (-10, -1)}, "certificate has expired", True),
        ({"names": (HOST,), "days": (1, 10)}, "certificate is not yet valid", True),
        ({"names": ("other.test", "*.sub.product.test")}, "Hostname mismatch", False),
        ({"names": (HOST,), "self_signed": True}, "self-signed certificate", True),
    ],
)
def test_a_certificate_that_is_not_believed(servers, authority, made, said, fits):
    names, options = made.pop("names"), made
    result = secure(servers.serve(saying(ok()), tls=authority.tls(*names, **options)))
    made["names"] = names
    assert (result.failure, result.phase) == (Failure.TLS, Phase.TLS)
    assert said in result.said
    assert result.certificate is not None
    assert (result.certificate.trusted, result.certificate.fits) == (False, fits)
    assert result.certificate.issuer == (HOST if options.get("self_signed") else "Test authority")


@pytest.mark.usefixtures("names")
def test_a_certificate_need_not_be_believed_where_one_says_so(servers, authority):
    result = secure(servers.serve(saying(ok()), tls=authority.tls(HOST)), verify_tls=False)
    assert result.ok
    assert result.certificate is not None
    assert not result.certificate.trusted


@pytest.mark.usefixtures("names")
def test_an_authority_that_nobody_knows(servers, authority):
    result = secure(servers.serve(saying(ok()), tls=authority.tls(HOST)))
    assert result.failure is Failure.TLS
    assert "unable to get local issuer certificate" in result.said


@pytest.mark.usefixtures("names")
def test_a_server_that_does_not_speak_tls(servers):
    result = secure(servers.serve(saying(ok())), seconds=1)
    assert (result.failure, result.phase) in [(Failure.TLS, Phase.TLS), (Failure.TIMED_OUT, Phase.TLS)]


@pytest.mark.usefixtures("names")
def test_a_server_that_answers_tls_with_words(servers):
    async def words(reader, writer):
        writer.write(b"220 mail.product.test ESMTP\r\n")

    result = secure(servers.serve(words))
    assert (result.failure, result.phase) == (Failure.TLS, Phase.TLS)
    assert "wrong version number" in result.said


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize("seconds_silent", [5, 0])
def test_a_handshake_that_does_not_come_about(servers, seconds_silent):
    async def hangs_up(reader, writer):
        await asyncio.sleep(seconds_silent)

    result = secure(servers.serve(hangs_up), seconds=0.4)
    assert result.phase is Phase.TLS
    assert (result.failure is Failure.TIMED_OUT) == bool(seconds_silent)
    assert result.failure in (Failure.TIMED_OUT, Failure.TLS, Failure.RESET)


@pytest.mark.usefixtures("_trusted", "names")
def test_a_large_answer_over_tls_without_a_length(servers, authority):
    body = os.urandom(500_000)
    port = servers.serve(saying(b"HTTP/1.1 200 OK\r\n\r\n" + body), tls=authority.tls(HOST))
    result = secure(port)
    assert result.ok, result.sentence
    assert result.size == 500_000

"""Real answers over UDP and TCP, and the other ports of the process."""

from __future__ import annotations

import signal
import smtplib
import socket
import ssl
import sys
from collections.abc import Iterator
from email.message import EmailMessage

import dnslib
import httpx
import pytest

from tests.ports import free_port
from tests.running import Running, running
from tests.sandboxed import Sandbox

ZONE = "/cloudflare/client/v4/zones/" + "c" * 32
TOKEN = {"authorization": "Bearer sandbox-cloudflare-token"}


class WithPorts(Sandbox):
    def __init__(self, url: str, program: Running, ports: dict[str, int]) -> None:
        super().__init__(url)
        self.program, self.ports = program, ports

    def ask(self, name: str, type: str = "A", *, tcp: bool = False) -> dnslib.DNSRecord:
        question = dnslib.DNSRecord.question(name, type)
        return dnslib.DNSRecord.parse(question.send("127.0.0.1", self.ports["dns"], tcp=tcp, timeout=5))


@pytest.fixture(scope="module")
def _process() -> Iterator[WithPorts]:
    ports = {name: free_port() for name in ("dns", "smtp", "tls")}
    arguments = [part for name, port in ports.items() for part in (f"--{name}-port", str(port))]
    command = [sys.executable, "-m", "dr_console.sandbox", "--port", "0", *arguments]
    with running(command) as program:
        yield WithPorts(program.wait_for(r"(http://127\.0\.0\.1:\d+)")[0], program, ports)


@pytest.fixture
def ports(_process: WithPorts) -> WithPorts:
    _process.reset()
    return _process


@pytest.mark.parametrize("tcp", [False, True])
def test_a_proxied_name_answers_with_the_cdns_addresses_for_five_minutes(ports: WithPorts, tcp: bool):
    answer = ports.ask("api.example.com", tcp=tcp)
    assert {str(each.rdata) for each in answer.rr} == {"198.51.100.104", "198.51.100.105"}
    assert {each.ttl for each in answer.rr} == {300}
    assert answer.header.aa


def test_an_origin_answers_with_its_own_address(ports: WithPorts):
    assert [str(each.rdata) for each in ports.ask("tokyo.origin.example.com").rr] == ["192.0.2.10"]


def test_a_record_that_is_made_is_answered_with_its_own_ttl(ports: WithPorts):
    record = {"type": "CNAME", "name": "status.example.com", "content": "tokyo.origin.example.com", "ttl": 120}
    made = httpx.post(f"{ports.url}{ZONE}/dns_records", json={**record, "proxied": False}, headers=TOKEN)
    assert made.status_code == 200
    answer = ports.ask("status.example.com")
    assert [(dnslib.QTYPE[each.rtype], each.ttl) for each in answer.rr][0] == ("CNAME", 120)
    assert str(answer.rr[-1].rdata) == "192.0.2.10"


def test_what_there_is_not_is_told_with_the_zones_soa(ports: WithPorts):
    for name, type, code in [("nobody.example.com", "A", "NXDOMAIN"), ("api.example.com", "AAAA", "NOERROR")]:
        answer = ports.ask(name, type)
        assert dnslib.RCODE[answer.header.rcode] == code
        assert answer.rr == []
        assert dnslib.QTYPE[answer.auth[0].rtype] == "SOA"


def test_it_answers_for_no_other_zone(ports: WithPorts):
    assert dnslib.RCODE[ports.ask("example.org").header.rcode] == "REFUSED"
    assert dnslib.RCODE[ports.ask("notexample.com").header.rcode] == "REFUSED"


def test_the_serial_grows_with_each_change(ports: WithPorts):
    def serial() -> int:
        return int(ports.ask("example.com", "SOA").rr[0].rdata.times[0])

    before = serial()
    record = {"type": "TXT", "name": "hello.example.com", "content": "hello", "ttl": 60}
    httpx.post(f"{ports.url}{ZONE}/dns_records", json=record, headers=TOKEN)
    assert serial() > before
    assert str(ports.ask("hello.example.com", "TXT").rr[0].rdata) == '"hello"'


def test_what_is_no_question_is_not_answered_and_does_no_harm(ports: WithPorts):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for rubbish in (b"", b"\x00", b"\xff" * 600, b"GET / HTTP/1.1\r\n\r\n"):
            sender.sendto(rubbish, ("127.0.0.1", ports.ports["dns"]))
    assert ports.ask("api.example.com").rr


def test_a_letter_arrives_in_the_outbox(ports: WithPorts):
    letter = EmailMessage()
    letter["Subject"], letter["From"], letter["To"] = "Tokyo is down", "dr@example.com", "ops@example.com"
    letter.set_content("Failing over.\n")
    with smtplib.SMTP("127.0.0.1", ports.ports["smtp"], timeout=10) as smtp:
        smtp.send_message(letter)
    (message,) = ports.get("/outbox", channel="email")["messages"]
    assert (message["to"], message["detail"]["subject"]) == ("ops@example.com", "Tokyo is down")
    assert message["text"].strip() == "Failing over."


@pytest.mark.parametrize(("rule", "code"), [({"kind": "error"}, 550), ({"kind": "throttled"}, 451)])
def test_a_rule_refuses_letters(ports: WithPorts, rule: dict[str, str], code: int):
    ports.post("/faults", {**rule, "vendor": "email", "route": "RCPT gone@*"})
    with smtplib.SMTP("127.0.0.1", ports.ports["smtp"], timeout=10) as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            smtp.sendmail("dr@example.com", ["gone@example.com"], "Subject: x\r\n\r\nx\r\n")
    assert refused.value.recipients["gone@example.com"][0] == code
    assert ports.get("/outbox")["messages"] == []


def test_tls_has_a_certificate_that_can_be_trusted(ports: WithPorts):
    certificate = ports.program.wait_for(r"with the certificate (\S+)")[0]
    context = ssl.create_default_context(cafile=certificate)
    answer = httpx.get(f"https://localhost:{ports.ports['tls']}/control/health", verify=context)
    assert answer.json() == {"status": "ok"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_even_while_a_request_waits(number: int):
    with running([sys.executable, "-m", "dr_console.sandbox", "--port", "0"]) as program:
        sandbox = Sandbox(program.wait_for(r"(http://127\.0\.0\.1:\d+)")[0])
        sandbox.post("/faults", {"kind": "timeout"})
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{sandbox.url}/search/tasks/none", timeout=0.2)
        program.signal(number)
        program.wait(3)
        assert "Traceback" not in program.printed


def test_a_port_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with running([sys.executable, "-m", "dr_console.sandbox", "--port", port]) as program:
            assert program.wait(20) == 2
            assert program.printed == f"--port: {port} is in use by another program. Stop that, or choose another."

"""Which addresses are still to be filled in."""

from __future__ import annotations

import pytest

from incidents.models import ContactChannel, VendorChannel
from incidents.models.placeholders import is_placeholder


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "cto@example.com"),
        ("email", "CTO@Mail.Example.ORG"),
        ("email", "ada@company.example"),
        ("email", "ada@host.invalid"),
        ("email", "ada@localhost"),
        ("phone", "+1-555-0100"),
        ("phone", "+1 (555) 01 99"),
        ("phone", "+1-212-555-0123"),
        ("phone", "+1-555-01xx"),
        ("phone", "+00 000 000"),
        ("slack", "#example-incidents"),
        ("slack", "@changeme"),
        ("slack", "#TODO"),
        ("pagerduty", "example-on-call"),
        ("pagerduty", "TBD"),
        ("url", "https://support.example.com/cases"),
        ("email", ""),
        ("phone", "  "),
    ],
)
def test_placeholders(kind, address):
    assert is_placeholder(kind, address)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "cto@gemini-toolbox.com"),
        ("email", "ada@notexample.com"),
        ("email", "example.com@company.cn"),
        ("email", "example@company.cn"),
        ("phone", "+86 10 6552 9988"),
        ("phone", "+1-212-555-7788"),
        ("phone", "+1-555-867-5309"),
        ("phone", "+81-3-5550-1234"),
        ("slack", "@oncall"),
        ("slack", "#incidents"),
        ("pagerduty", "PABC123"),
        ("url", "https://vercel.com/help?from=example.com"),
    ],
)
def test_addresses_that_may_be_real(kind, address):
    assert not is_placeholder(kind, address)


@pytest.mark.parametrize("model", [ContactChannel, VendorChannel])
def test_channels_know_it(model):
    assert model(kind="email", address="a@example.com").is_placeholder
    assert not model(kind="email", address="a@company.cn").is_placeholder

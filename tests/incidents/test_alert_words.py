"""What labels, conditions and moments of other programs mean."""

from __future__ import annotations

import pytest

from incidents.alerting import matchers, signals
from incidents.alerting.severities import severity_of


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ({"severity": "critical"}, "P1"),
        ({"severity": " Warning "}, "P2"),
        ({"severity": "turquoise", "priority": "P0"}, "P0"),
        ({"level": "info"}, "P3"),
        ({"team": "critical"}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_severities(labels, severity):
    assert severity_of(labels) == severity


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("severity=critical", True),
        ("severity = warning", False),
        ("severity!=warning", True),
        ("instance~tokyo-*", True),
        ("instance~tokyo-?", True),
        ("instance!~osaka*", True),
        ("instance~TOKYO*", False),
        ("path~[a]*", True),
        ("nothing=", True),
        ("nothing~?*", False),
        ("expr=a=b", True),
    ],
)
def test_conditions(condition, holds):
    labels = {"severity": "critical", "instance": "tokyo-1", "path": "[a]b", "expr": "a=b"}
    assert matchers.hold(matchers.parse(condition), labels) is holds


def test_all_conditions_must_hold():
    both = matchers.parse("a=1\n\nb=2\n")
    assert matchers.hold(both, {"a": "1", "b": "2"})
    assert not matchers.hold(both, {"a": "1"})


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2026-11-22T14:30:00.123456789+09:00", "2026-11-22T05:30:00.123456+00:00"),
        ("2026-11-22T14:30:00", "2026-11-22T14:30:00+00:00"),
        (1795357800, "2026-11-22T14:30:00+00:00"),
        (1795357800000, "2026-11-22T14:30:00+00:00"),
        ("0001-01-01T00:00:00Z", "None"),
        ("yesterday", "None"),
        (float("inf"), "None"),
        (-1, "None"),
        (True, "None"),
        (None, "None"),
        ([], "None"),
    ],
    ids=str,
)
def test_moments(given, moment):
    found = signals.moment_of(given)
    assert (found.isoformat() if found else "None") == moment


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "//example.com", "http://", "data:text/html,x", "http://[", "x" * 2000, 7, None]
)
def test_links_that_nobody_should_follow(link):
    assert signals.link_of(link) == ""

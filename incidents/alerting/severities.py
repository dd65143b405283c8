"""How bad other programs' words say it is."""

from __future__ import annotations

from collections.abc import Mapping

# P0 pages everybody: nothing becomes P0 but what says P0 itself, or what a rule makes of it.
SEVERITIES = {
    "P0": ("p0", "sev0"),
    "P1": (
        "p1",
        "sev1",
        "critical",
        "crit",
        "fatal",
        "emergency",
        "emerg",
        "page",
        "disaster",
        "error",
        "high",
        "major",
    ),
    "P2": ("p2", "sev2", "warning", "warn", "medium", "moderate", "average"),
    "P3": ("p3", "sev3", "p4", "p5", "sev4", "sev5", "info", "information", "low", "minor", "notice", "debug", "none"),
}
_BY_WORD = {word: severity for severity, words in SEVERITIES.items() for word in words}
LABELS = ("severity", "priority", "level", "urgency")


def severity_of(labels: Mapping[str, str]) -> str:
    """A word of Severity, by the first label that says one; empty where none does."""
    for label in LABELS:
        found = severity_of_word(labels.get(label, ""))
        if found:
            return found
    return ""


def severity_of_word(word: str) -> str:
    return _BY_WORD.get(word.strip().casefold(), "")


def worst(severities: list[str]) -> str:
    """P0 before P3; one that nobody has said counts for nothing beside one that somebody has."""
    return min(filter(None, severities), default="")

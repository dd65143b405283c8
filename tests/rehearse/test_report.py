"""What a rehearsal prints and writes."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import jsonschema
import pytest

from dr_console.management.rehearsal.judging import judge
from dr_console.management.rehearsal.report import Report, Unit, as_text, schema, shown
from dr_console.management.rehearsal.screen import Drawn, Picture, Plain, StepShown, clock, screen_for
from tests.rehearse.test_judging import HAPPENED, REASON, REFUSAL, REFUSED, STILL, TERMS, TOLD, Told, replace


def report(terms=TERMS, told=TOLD, happened=HAPPENED) -> Report:
    found = judge(terms, told, happened)
    return Report(
        scenario=terms.scenario,
        expected="acts" if terms.must_act else "refuses",
        began_at=datetime(2026, 11, 22, 14, 30, tzinfo=UTC),
        seconds=41.2,
        speed=terms.speed,
        probe_seconds=terms.probe_seconds,
        tolerance_seconds=terms.tolerance_seconds,
        lines=found,
        passed=all(line.is_good for line in found),
    )


def test_the_table_has_the_consoles_word_beside_the_truth():
    text = as_text(report())
    (rto,) = [line for line in text if line.startswith("RTO")]
    assert rto.split() == ["RTO", "5", "min", "07", "s", "5", "min", "04", "s", "≤", "15", "min", "met", "agree"]
    assert text[-1] == "Passed: every objective was met, and console and truth agree."
    assert "10 in each of ours" in "\n".join(text)


def test_what_was_missed_stands_in_the_last_line():
    missed = report(happened=replace(HAPPENED, lost=3, messages={}))
    assert as_text(missed)[-1] == "NOT PASSED: alerts (MISSED); lost writes (MISSED)."
    assert not missed.passed


def test_a_refusal_says_that_nothing_was_done():
    text = as_text(report(REFUSAL, Told(refusals=REFUSED), STILL))
    assert text[-1] == "Passed: it rightly did nothing, and console and truth agree."
    assert any(REASON in line for line in text)


def test_what_is_written_keeps_to_the_schema():
    written = json.loads(report().model_dump_json())
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(written, schema())
    assert written["passed"] is True
    assert {line["key"] for line in written["lines"]} >= {"detected_after", "rto", "rpo", "lost_canaries", "doubled"}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.SECONDS, "–"),
        (0.44, Unit.SECONDS, "0.4 s"),
        (60.2, Unit.SECONDS, "1 min"),
        (307.0, Unit.SECONDS, "5 min 07 s"),
        (3, Unit.COUNT, "3"),
    ],
)
def test_a_value_as_people_read_it(value, unit, text):
    assert shown(value, unit) == text


def test_the_clock_is_that_of_the_world_since_the_break():
    assert [clock(at) for at in (None, 0, 725.4, -61)] == ["     ", "00:00", "12:05", "-01:01"]


def test_without_a_terminal_every_line_is_plain():
    output = io.StringIO()
    with screen_for(output) as screen:
        assert isinstance(screen, Plain)
        screen.say("Declared as P0", at=65)
        screen.show(Picture("region-outage", 65, 900, 10))
        screen.report(report())
    assert output.getvalue().startswith("01:05  Declared as P0\n\n")
    assert "\x1b" not in output.getvalue()


def test_in_a_terminal_the_steps_are_drawn():
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    output = Terminal()
    with screen_for(output) as screen:
        assert isinstance(screen, Drawn)
        screen.say("Declared as P0", at=65)
        steps = (
            StepShown("Check the primary", "succeeded", "Done", 0.4),
            StepShown("Point [the names]", "running", "Running", 1.2, "4 of 5 records"),
        )
        screen.show(Picture("region-outage", 65, 900, 10, "INC-2026-001", "P0 – critical", 0.57, steps))
        screen._live.refresh()
        screen.report(report())
    for word in (
        "SANDBOX",
        "INC-2026-001",
        "57%",
        "Check the primary",
        "Point [the names]",
        "4 of 5 records",
        "Passed",
    ):
        assert word in output.getvalue()
    assert isinstance(screen_for(output, plain=True), Plain)

"""What is said about a wrong plan: file, line, field, what was expected, what was found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dr_console.plans import reader
from dr_console.plans.problems import PlanError, Problem

BUILT_IN: str = (settings.BASE_DIR / "dr_console" / "plans" / "builtin.yaml").read_text()

# Cases in blocks, like a diff: - what stands in the built-in plan, + what stands there instead, = what is said.
WRONG = Path(__file__).with_name("wrong_plans.txt").read_text().strip().split("\n\n")[1:]


def said(*changes: tuple[str, str]) -> list[str]:
    """The sentences about the built-in plan after these replacements, without the numbers of their lines."""
    text = BUILT_IN
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    with pytest.raises(PlanError) as caught:
        reader.parse(text.encode())
    return [str(problem) for problem in caught.value.problems]


def test_the_built_in_plan_is_right():
    assert reader.parse(BUILT_IN.encode()).content()["objectives"]["rto_minutes"] == 15


def test_the_sentence_is_like_a_compilers(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(BUILT_IN.replace("cto@example.com", "cto at example"))
    line = BUILT_IN[: BUILT_IN.index("cto@example.com")].count("\n") + 1
    with pytest.raises(PlanError) as caught:
        reader.read(path)
    assert str(caught.value) == (
        f"{path}:{line}: contacts → cto → channels → 2 → address: "
        "expected an e-mail address, such as ada@example.com, found “cto at example”."
    )


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.splitlines()[-1][2:80])
def test_each_rule_has_its_sentence(case):
    parts = {sign: "\n".join(line[2:] for line in case.splitlines() if line[0] == sign) for sign in "-+="}
    # A line that goes takes its end with it; all others are looked for within their line.
    before = parts["-"] if parts["+"] else parts["-"] + "\n"
    assert said((before, parts["+"])) == [parts["="]]


def test_references_say_which_keys_exist():
    assert said(("fallback: development-team", "fallback: dev"), ("    service: cdn", "    service: www")) == [
        "failover_plans → cdn-failure-to-backup-cdn → service: "
        "expected the key of an entry of services (api, cdn, object-storage, cache, database), found “www”.",
        "escalation_policies → p0 → fallback: expected the key of an entry of contacts "
        "(on-call-engineer, technical-lead, cto, development-team, devops-team, back-end-developers), found “dev”.",
    ]


def test_a_step_waits_for_steps_of_its_own_plan():
    steps = "check-primary, start-standby, point-dns, verify, purge-cdn, notify-recovered, alert-failed"
    assert said(("          - check-primary\n", "          - decide\n")) == [
        "failover_plans → manual-failover → steps → 2 → depends_on → 1: "
        f"expected the key of a step of this plan ({steps}), found “decide”."
    ]


def test_steps_that_wait_for_themselves_are_found():
    assert said(("          - check-primary\n", "          - verify\n")) == [
        "failover_plans → manual-failover → steps → 2 → depends_on: "
        "expected steps that do not wait for themselves, "
        "found start-standby → verify → point-dns → start-standby."
    ]


def test_a_step_does_what_there_is_and_is_told_what_it_can_be():
    assert said(("does: failover.check_primary", "does: failover.check_primry")) == [
        "failover_plans → manual-failover → steps → 1 → does: "
        "expected “failover.check_primary” (did you mean that?), found “failover.check_primry”."
    ]
    assert said(("          stop_when_healthy: true", "          stop_when_health: true")) == [
        "failover_plans → manual-failover → steps → 1 → parameters: expected what failover.check_primary can be told, "
        "found “parameters → stop_when_health”, which is true and has to be “stop_when_healthy” (did you mean that?)."
    ]
    assert said(
        ("            - name: api.example.com\n              target: backup.example.com", "            - name: a b")
    ) == [
        "failover_plans → manual-failover → steps → 3 → parameters: expected what failover.point_dns can be told, "
        "found “parameters → records → 1 → name”, which is “a b” and has to be a host name in small letters, such as "
        "api.example.com.",
        "failover_plans → manual-failover → steps → 3 → parameters: expected what failover.point_dns can be told, "
        "found “parameters → records → 1 → target”, which is nothing and has to be a value.",
    ]


def test_a_branch_needs_something_to_follow():
    assert said(("does: failover.check_primary", "does: failover.check_primary\n        runs_on: failure")) == [
        "failover_plans → manual-failover → steps → 1: "
        "expected depends_on with at least one step, since runs_on is “failure”, found a mapping."
    ]


def test_a_misspelt_field_is_recognised():
    assert said(("respond_within_minutes: 5", "respond_within_minute: 5")) == [
        "escalation_policies → p0 → respond_within_minutes: expected a value, found nothing.",
        "escalation_policies → p0 → respond_within_minute: "
        "expected “respond_within_minutes” (did you mean that?), found “respond_within_minute”.",
    ]


def test_a_misspelt_section_is_recognised():
    assert said(("vendors:\n", "vendor:\n")) == [
        "vendors: expected a list (which may be empty: []), found nothing.",
        "vendor: expected “vendors” (did you mean that?), found “vendor”.",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "nothing"),
        ("# only this\n", "nothing"),
        ("- a\n", "a list"),
        ("hello\n", "“hello”"),
        ("[]", "an empty list"),
    ],
)
def test_a_plan_is_a_mapping(text, found):
    with pytest.raises(PlanError) as caught:
        reader.parse(text.encode())
    expected = f"the plan: expected a mapping with the sections about, objectives, regions …, found {found}."
    assert [str(problem) for problem in caught.value.problems] == [expected]


def test_a_section_of_entries_is_a_list_of_mappings():
    cut = BUILT_IN[BUILT_IN.index("vendors:") : BUILT_IN.index("rotations:")]
    assert said((cut, "vendors: Vercel\n\n")) == ["vendors: expected a list, found “Vercel”."]
    assert said((cut, "vendors:\n  - Vercel\n\n")) == [
        "vendors → 1: expected a mapping with key, name, support_url, plan, contract_number, hours, channels, "
        "found “Vercel”."
    ]
    reader.parse(BUILT_IN.replace(cut, "vendors: []\n\n").encode())


def test_two_entries_cannot_have_one_key():
    assert said(("  - key: cloudflare\n", "  - key: vercel\n")) == [
        "vendors → vercel → key: expected a key that no other entry has, found “vercel”."
    ]


def test_parts_that_are_told_apart_by_other_fields_are_there_once():
    address = "      - kind: phone\n        address: +1-555-0102\n"
    assert said((address, address * 2)) == [
        "contacts → cto → channels → 2 → address: "
        "expected something that is not in this list yet, found “phone +1-555-0102”."
    ]
    quoted = "      - kind: phone\n        address: ' +1-555-0102'\n"
    assert len(said((address, address + quoted))) == 1


def test_a_name_that_is_there_twice_is_said_once_and_the_rest_is_still_looked_at():
    assert said(
        ("rto_minutes: 15", "rto_minutes: 15\n  rto_minutes: soon"), ("rpo_minutes: 60", "rpo_minutes: later")
    ) == [
        "objectives → rto_minutes: expected each name once, "
        f"found one that line {line_of('rto_minutes: 15')} has already.",
        "objectives → rpo_minutes: expected a whole number, found “later”.",
    ]


def line_of(text: str) -> int:
    return BUILT_IN[: BUILT_IN.index(text)].count("\n") + 1


def test_an_alias_is_said_once():
    before = "    name:\n      en: Frankfurt\n      zh-hans: 法兰克福\n"
    assert said(
        ("    name:\n      en: Tokyo", "    name: &tokyo\n      en: Tokyo"), (before, "    name: *tokyo\n")
    ) == [
        "regions → asia-northeast-1 → name: expected a value without an anchor, found &tokyo.",
        "regions → eu-central-1 → name: expected the value itself, found the alias *tokyo.",
    ]


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file_and_at_most_twenty_lines_of_it():
    text = re.sub(r"(wait_minutes|attempts|interval_seconds): \d+", r"\1: soon", BUILT_IN)
    with pytest.raises(PlanError) as caught:
        reader.parse(text.encode())
    problems = caught.value.problems
    lines = [problem.line for problem in problems]
    assert len(problems) > 40
    assert lines == sorted(lines)
    shown = caught.value.sentences
    assert len(shown) == 21
    assert shown[-1] == f"… and {len(problems) - 20} more problems."


def test_files_that_cannot_be_read(tmp_path):
    for path, why in [(tmp_path / "none.yaml", "No such file or directory"), (tmp_path, "Is a directory")]:
        with pytest.raises(PlanError) as caught:
            reader.read(path)
        assert str(caught.value) == f"{path}: the plan: expected a file that can be read, found {why}."


def test_a_form_finds_the_problems_of_its_fields():
    problems = [
        Problem(("contacts", "cto", "channels", 1, "address"), "a", "b"),
        Problem(("contacts", "cto", "channels", 1, "address"), "c", "d"),
        Problem(("rotations", "on-call", "participants", 0), "e", "f"),
    ]
    error = PlanError(problems)
    assert error.within("contacts", "cto") == {("channels", 1, "address"): problems[:2]}
    assert error.elsewhere("contacts", "cto") == problems[2:]


def test_plain_values_are_checked_without_a_file():
    content = reader.parse(BUILT_IN.encode()).content()
    assert reader.validate(content).content() == content
    content["contacts"][2]["channels"][1]["address"] = "x"
    with pytest.raises(PlanError) as caught:
        reader.validate(content)
    assert caught.value.problems[0].path == ("contacts", "cto", "channels", 1, "address")
    assert caught.value.problems[0].line is None


LINES = BUILT_IN.splitlines(keepends=True)


@hypothesis_settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_damage_to_a_file_makes_anything_but_sentences(data):
    """Lines lost, doubled, moved or garbled: a plan, or sentences about what is wrong with it, never a traceback."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        new = data.draw(
            st.sampled_from(["", lines[index] * 2, lines[index].lstrip(), "  " + lines[index], "    x: 1\n", "- 1\n"])
            | st.sampled_from(["1", "null", "[a]", "{a: 1}", "''", "2025-01-01", "1e999", "true", "x" * 5000]).map(
                lambda value: re.sub(r":.*", f": {value}", lines[index])  # noqa: B023
            )
        )
        lines[index] = new
    try:
        reader.parse("".join(lines).encode())
    except PlanError as error:
        for problem in error.problems:
            assert re.fullmatch(r"(?s).+: expected .+, found .+\.", str(problem)), problem
            assert "Input should" not in str(problem)

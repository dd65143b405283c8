"""What the people of an incident decide: put up, objected to, decided, and all of it on the timeline."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils.timezone import now

from dr_console.errors import Refused
from incidents.models import CommandDecision, Incident, RoleAssignment
from incidents.services import command, decision_log
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident() -> Incident:
    return make.incident()


@pytest.fixture
def ada() -> User:
    return make.user("ada", role="commander")


@pytest.fixture
def bob() -> User:
    return make.user("bob", role="responder")


@pytest.fixture
def decision(incident, bob) -> CommandDecision:
    return decision_log.put_up(incident, "Fail over now?", ["Yes", " Wait ", "", "Yes"], by=bob)


def said(incident: Incident) -> list[str]:
    return [entry.words for entry in incident.timeline.order_by("pk")]


def test_a_question_with_its_options_is_put_up_once(incident, decision, bob):
    assert decision.options == ["Yes", "Wait"]
    assert decision_log.put_up(incident, "Fail over now?", [], by=bob) == decision
    entry = incident.timeline.get()
    assert (entry.words, entry.evidence) == ("To be decided: Fail over now?", decision.get_absolute_url())


@pytest.mark.parametrize(("question", "options"), [(" ", []), ("Which?", [str(number) for number in range(9)])])
def test_what_cannot_be_put_up_is_refused(incident, bob, question, options):
    with pytest.raises(Refused):
        decision_log.put_up(incident, question, options, by=bob)
    assert not CommandDecision.objects.exists()


def test_people_object_or_do_not_and_may_change_their_minds(incident, decision, ada, bob):
    decision_log.say(decision, by=bob, objection="The standby is cold")
    decision_log.say(decision, by=bob, objection="The standby is cold")
    decision_log.say(decision, by=ada)
    decision_log.say(decision, by=bob)
    assert [one.objection for one in decision.opinions.all()] == ["", ""]
    assert said(incident)[1:] == [
        "Objects to “Fail over now?”: The standby is cold",
        "No strong objection: Fail over now?",
        "No strong objection: Fail over now?",
    ]


def test_it_is_decided_once(incident, decision, ada):
    decision_log.decide(decision, "Yes", by=ada, reason="Users are down")
    assert said(incident)[-1] == "Decided: Fail over now? → Yes – Users are down"
    second = make.user("carl", role="commander")
    for again in (
        lambda: decision_log.decide(decision, "Wait", by=second),
        lambda: decision_log.drop(decision, by=second, reason="Late"),
        lambda: decision_log.say(CommandDecision.objects.get(), by=second),
    ):
        with pytest.raises(Refused, match="ada has settled this already: Yes"):
            again()
    assert CommandDecision.objects.get().outcome == "Yes"


def test_commander_and_deputy_decide(incident, decision, ada, bob):
    with pytest.raises(Refused, match="Commander and deputy decide"):
        decision_log.decide(decision, "Yes", by=bob)
    command.assign(incident, RoleAssignment.Role.DEPUTY, bob, by=ada)
    decision_log.decide(decision, "Yes", by=bob)
    assert CommandDecision.objects.get().decided_by == bob


def test_whoever_put_it_up_may_take_it_off_and_says_why(incident, decision, bob):
    carl = make.user("carl", role="responder")
    with pytest.raises(Refused, match="Say why"):
        decision_log.drop(decision, by=bob, reason=" ")
    with pytest.raises(Refused, match="Commander and deputy"):
        decision_log.drop(decision, by=carl, reason="Over")
    decision_log.drop(decision, by=bob, reason="It came back by itself")
    assert said(incident)[-1] == "Need not be decided any more: Fail over now? – It came back by itself"


def test_an_answer_says_what(decision, ada):
    with pytest.raises(Refused, match="what was decided"):
        decision_log.decide(decision, " ", by=ada)


def test_what_was_left_open_is_settled_after_it_is_over_but_nothing_is_put_up_once_it_is_closed(
    incident, decision, ada
):
    Incident.objects.update(status="closed", resolved_at=now(), closed_at=now())
    decision_log.decide(decision, "Yes", by=ada)
    with pytest.raises(Refused, match="is closed"):
        decision_log.put_up(Incident.objects.get(), "And now?", [], by=ada)

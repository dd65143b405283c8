"""A ladder that may take longer than the recovery can wait is saved only if somebody takes it so by name."""

from __future__ import annotations

from copy import deepcopy

import pytest
from django.urls import reverse

from dr_console.audit.append_only import AppendOnly
from dr_console.audit.models import AuditEntry
from dr_console.errors import Refused
from dr_console.plans import reader, services
from dr_console.plans.doubts import Unaccepted, is_name_of
from dr_console.plans.models import PlanVersion
from incidents.models import EscalationPolicy, PolicyAcceptance
from incidents.queries.escalation import ladders
from incidents.queries.readiness import findings
from incidents.services.acceptance import accept_as_it_is
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client):
    someone = make.user("ada", role="administrator", first_name="Ada", last_name="Lovelace")
    client.force_login(someone)
    return someone


@pytest.fixture(autouse=True)
def plan():
    """The built-in plan, with ladders that are quick enough."""
    content = deepcopy(make.builtin_plan().content())
    for policy in content["escalation_policies"]:
        if policy["severity"] in ("P0", "P1"):
            for level in policy["levels"]:
                level["wait_minutes"] = 3
    return services.load(reader.validate(content), by=None, source="quick.yaml")


def ladder(key="p0"):
    return next(one for one in ladders() if one.policy.key == key)


def slow(wait=10, key="p0"):
    """The policy with each of its three levels waiting so long."""
    entry = next(one for one in services.export()["escalation_policies"] if one["key"] == key)
    for level in entry["levels"]:
        level["wait_minutes"] = wait
    return entry


def save(entry, by, name="", key="p0"):
    base = services.current_version().number
    return services.edit_entry("escalation_policies", key, entry, base_version=base, by=by, accepted_as=name)


def load_slow(wait=10):
    content = services.export()
    for policy in content["escalation_policies"]:
        if policy["key"] == "p0":
            for level in policy["levels"]:
                level["wait_minutes"] = wait
    return services.load(reader.validate(content), by=None, source="slow.yaml")


# --- Saving a policy --------------------------------------------------------------------------------------------
def test_a_slow_ladder_is_not_saved_without_a_name(ada):
    with pytest.raises(Unaccepted, match="P0: if nobody answers, the last level is paged after 20 min"):
        save(slow(), ada)
    assert PlanVersion.objects.count() == 1
    assert not PolicyAcceptance.objects.exists()


def test_with_it_it_is_saved_and_who_took_it_so_is_kept(ada):
    version = save(slow(), ada, "ada lovelace")
    kept = PolicyAcceptance.objects.get()
    assert (kept.policy_key, kept.severity, kept.by, kept.name) == ("p0", "P0", ada, "ada lovelace")
    assert (kept.last_level_minutes, kept.within_minutes, kept.plan_version) == (20, 10, version)
    assert ladder().too_slow
    assert ladder().is_accepted
    assert AuditEntry.objects.filter(action="escalation.accepted", actor=ada).exists()


def test_somebody_elses_name_is_not_enough(ada):
    with pytest.raises(Unaccepted) as caught:
        save(slow(), ada, "Charles Babbage")
    assert caught.value.name == "Charles Babbage"
    assert PlanVersion.objects.count() == 1


def test_a_quick_one_is_saved_without_being_asked(ada):
    save(slow(wait=4), ada)
    assert not PolicyAcceptance.objects.exists()


def test_what_was_accepted_is_not_asked_for_again_until_it_gets_worse(ada):
    save(slow(10), ada, "ada")
    save(slow(9), ada)
    assert PolicyAcceptance.objects.count() == 1
    with pytest.raises(Unaccepted):
        save(slow(11), ada)


def test_less_time_for_the_ladder_has_to_be_accepted_too(ada):
    save(slow(10), ada, "ada")
    entry = slow(10)
    entry["reserved_minutes"] = 6
    with pytest.raises(Unaccepted, match="6 min are reserved"):
        save(entry, ada)


def test_a_stricter_recovery_target_makes_ladders_slow_that_were_not(ada):
    base = services.current_version().number
    values = services.export()["objectives"] | {"rto_minutes": 8}
    with pytest.raises(Unaccepted) as caught:
        services.edit_single("objectives", values, base_version=base, by=ada)
    assert {one.key for one in caught.value.doubts} == {"p0", "p1"}
    services.edit_single("objectives", values, base_version=base, by=ada, accepted_as="ada")
    assert {one.policy_key for one in PolicyAcceptance.objects.all()} == {"p0", "p1"}


def test_nobody_is_held_up_by_what_was_slow_before(ada):
    load_slow()
    entry = slow(wait=2, key="p1")
    save(entry, ada, key="p1")
    assert not PolicyAcceptance.objects.exists()


def test_whoever_saves_the_slow_one_is_asked_although_a_file_brought_it(ada):
    load_slow()
    entry = slow(10)
    entry["rounds"] = 5
    with pytest.raises(Unaccepted):
        save(entry, ada)


def test_a_recovery_that_takes_the_whole_target_leaves_no_ladder_time(ada):
    entry = slow(1)
    entry["reserved_minutes"] = 20
    with pytest.raises(Unaccepted, match="no ladder, however quick"):
        save(entry, ada)


def test_a_low_severity_is_not_asked_about(ada):
    save(slow(600, key="p3"), ada, key="p3")
    assert not PolicyAcceptance.objects.exists()


def test_what_was_accepted_cannot_be_changed(ada):
    save(slow(), ada, "ada")
    kept = PolicyAcceptance.objects.get()
    kept.name = "Charles"
    with pytest.raises(AppendOnly):
        kept.save()
    with pytest.raises(AppendOnly):
        PolicyAcceptance.objects.all().delete()


@pytest.mark.parametrize(
    ("text", "is_theirs"),
    [
        ("Ada Lovelace", True),
        (" ada   lovelace ", True),
        ("ADA", True),
        ("", False),
        ("Ada", True),
        ("Lovelace", False),
    ],
)
def test_a_name_is_the_persons_own_or_their_login(ada, text, is_theirs):
    assert is_name_of(ada, text) is is_theirs


# --- A plan that was loaded from a file -----------------------------------------------------------------------------
def slow_findings():
    return [one for one in findings() if one.page == "incidents:escalation"]


def test_loading_asks_nobody_and_it_shows_as_not_ready_until_it_is_accepted(ada):
    load_slow()
    assert "P0" in slow_findings()[0].what
    accept_as_it_is("p0", by=ada, name="Ada Lovelace", seen=ladder().fingerprint)
    assert not slow_findings()
    assert ladder().acceptance.name == "Ada Lovelace"


def test_what_has_changed_since_it_was_seen_is_not_accepted(ada):
    load_slow(10)
    seen = ladder().fingerprint
    load_slow(12)
    with pytest.raises(Refused, match="has changed"):
        accept_as_it_is("p0", by=ada, name="ada", seen=seen)


def test_what_is_not_slow_cannot_be_accepted(ada):
    with pytest.raises(Refused, match="nothing to accept"):
        accept_as_it_is("p0", by=ada, name="ada", seen="P0-20-10")


def test_only_in_ones_own_name(ada):
    load_slow()
    with pytest.raises(Refused, match="Ada Lovelace"):
        accept_as_it_is("p0", by=ada, name="Charles", seen=ladder().fingerprint)


# --- In the browser -------------------------------------------------------------------------------------------------
def sent(rounds="3", wait="10", **more):
    levels = EscalationPolicy.objects.get(key="p0").levels.all()
    data = {
        "base": str(services.current_version().number),
        "key": "p0",
        "severity": "P0",
        "name_en": "Critical",
        "name_zh_hans": "严重",
        "respond_within_minutes": "5",
        "rounds": rounds,
        "reserved_minutes": "5",
        "acknowledgement_minutes": "15",
        "snooze_minutes": "5",
        "fallback": "development-team",
    }
    for index, level in enumerate(levels):
        row = {"row_position": str(index + 1), "key": level.key, "wait_minutes": wait, "required_acknowledgements": "1"}
        data |= {f"levels-{index}-{name}": value for name, value in row.items()}
        data |= {f"levels-{index}-targets": level.targets, f"levels-{index}-channels": level.channels}
    return data | more


def test_the_form_comes_back_with_the_warning_and_nothing_typed_is_lost(client, ada):
    address = reverse("plans:edit", args=["escalation_policies", "p0"])
    response = client.post(address, sent(rounds="7"))
    page = response.content.decode()
    assert response.status_code == 422
    assert "the last level is paged after 20 min" in page
    assert 'name="accepted_as"' in page
    assert 'value="7"' in page
    assert client.post(address, sent(rounds="7", accepted_as="Ada Lovelace")).status_code == 302
    assert EscalationPolicy.objects.get(key="p0").rounds == 7
    assert "Accepted by Ada Lovelace" in client.get(reverse("incidents:escalation")).content.decode()


def test_a_wrong_name_is_said_to_be_one(client, ada):
    response = client.post(reverse("plans:edit", args=["escalation_policies", "p0"]), sent(accepted_as="Charles"))
    assert response.status_code == 422
    assert "“Charles” is not your name." in response.content.decode()


def test_a_loaded_one_is_accepted_on_a_page_of_its_own(client, ada):
    load_slow()
    address = reverse("incidents:escalation-accept", args=["p0"])
    page = client.get(address).content.decode()
    assert f'value="{ladder().fingerprint}"' in page
    wrong = client.post(address, {"name": "Charles", "seen": ladder().fingerprint})
    assert wrong.status_code == 422
    assert "Charles" in wrong.content.decode()
    old = client.post(address, {"name": "ada", "seen": "P0-1-2"})
    assert old.status_code == 409
    assert client.post(address, {"name": "ada", "seen": ladder().fingerprint}).status_code == 302
    assert ladder().is_accepted
    assert "nothing to accept" in client.get(address).content.decode()


def test_whoever_may_not_change_the_plan_may_not_accept(client):
    load_slow()
    client.force_login(make.user("vera", role="viewer"))
    address = reverse("incidents:escalation-accept", args=["p0"])
    assert client.get(address).status_code == 403
    assert client.post(address, {"name": "vera", "seen": ladder().fingerprint}).status_code == 403
    assert "accept-p0" not in client.get(reverse("incidents:escalation")).content.decode()


def test_a_policy_that_is_not_there_is_not_found(client, ada):
    assert client.get(reverse("incidents:escalation-accept", args=["p9"])).status_code == 404


def test_the_matrix_says_that_nobody_has_accepted_it(client, ada):
    load_slow()
    page = client.get(reverse("incidents:escalation")).content.decode()
    assert "nobody has accepted it" in page
    assert "too late" in page


def test_it_says_who_accepted_less_before(client, ada):
    save(slow(10), ada, "ada")
    load_slow(12)
    page = client.get(reverse("incidents:escalation")).content.decode()
    assert "since then it has got worse" in page

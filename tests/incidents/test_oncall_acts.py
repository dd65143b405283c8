"""Taking it, overrides, swaps and absences as people do them: forms, what they refuse, and what follows."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now

from dr_console.notifications.models import Delivery
from incidents.models import Absence, Contact, Override, Swap
from incidents.queries.oncall import on_call
from incidents.queries.oncall_choices import exchange_value
from incidents.services import oncall
from tests import make
from tests.incidents import rostering

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def primary(time_machine):
    time_machine.move_to(rostering.NOW, tick=False)
    rostering.people()
    return rostering.rotation()


@pytest.fixture
def bob():
    return make.user("bob", role="responder")


@pytest.fixture
def ada():
    return make.user("ada", role="responder")


@pytest.fixture
def root():
    return make.user("root", role="commander")


@pytest.fixture
def post(client):
    def send(person, name, *args, **fields):
        client.force_login(person)
        return client.post(reverse(f"incidents:{name}", args=args), fields)

    return send


@pytest.fixture
def get(client):
    def ask(person, name, *args, **query):
        client.force_login(person)
        response = client.get(reverse(f"incidents:{name}", args=args), query)
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return ask


def contact(key):
    return Contact.objects.get(key=key)


def in_days(days):
    return now() + days * rostering.A_DAY


def offered(primary, bob, **fields):
    """Bob asks ada to stand in for him on the second day of his turn."""
    people = {"from_contact": contact("bob"), "to_contact": contact("ada")}
    return oncall.offer_swap(primary, **people, starts_at=in_days(8), ends_at=in_days(9), by=bob, **fields)


# --- Take it now --------------------------------------------------------------------------------------------------
def test_the_form_to_take_it_proposes_the_end_of_the_shift(get, bob):
    shown = get(bob, "oncall-take", "primary")
    assert 'value="2026-11-30T09:00"' in shown
    assert "I am on call now" in shown


def test_taking_it_puts_oneself_on_call_at_once(post, bob):
    response = post(bob, "oncall-take", "primary", ends_at="2026-11-24T09:00", zone="UTC")
    assert response.url == reverse("incidents:rotation", args=["primary"])
    assert on_call("primary", now()) == ["bob"]
    assert on_call("primary", in_days(1)) == ["ada"]


def test_what_is_wrong_is_said_and_nothing_is_lost(post, bob):
    response = post(bob, "oncall-take", "primary", ends_at="2026-11-22T09:00", zone="UTC")
    assert response.status_code == 409
    assert 'value="2026-11-22T09:00"' in response.content.decode()
    assert 'role="alert"' in response.content.decode()
    assert post(bob, "oncall-take", "primary", ends_at="", zone="UTC").status_code == 422
    assert not Override.objects.exists()


def test_whoever_is_no_contact_cannot_take_it(post):
    response = post(make.user("dora", role="responder"), "oncall-take", "primary", ends_at="2026-11-24T09:00")
    assert response.status_code == 409
    assert "None of the plan’s contacts has your e-mail address" in response.content.decode()


# --- Overrides ----------------------------------------------------------------------------------------------------
OVERRIDE = {"contact": "chie", "starts_at": "2026-11-24T09:00", "ends_at": "2026-11-25T09:00", "zone": "UTC"}


def test_a_commander_puts_somebody_else_on_call(post, get, root):
    shown = get(root, "oncall-override", "primary")
    assert shown.index('<optgroup label="In this rotation">') < shown.index(">Chie</option>")
    response = post(root, "oncall-override", "primary", **OVERRIDE, reason="Ada flies")
    assert response.status_code == 302
    made = Override.objects.get()
    assert (made.contact_key, made.reason, made.made_by) == ("chie", "Ada flies", root)
    assert on_call("primary", in_days(1)) == ["chie"]


def test_the_zone_of_the_form_counts(post, root):
    rostering.rotation("tokyo", time_zone="Asia/Tokyo", position=1)
    post(root, "oncall-override", "tokyo", **OVERRIDE | {"zone": "Asia/Tokyo"}, reason="Ada flies")
    assert f"{Override.objects.get().starts_at:%Y-%m-%d %H:%M}" == "2026-11-24 00:00"


def test_an_override_says_why(post, root):
    response = post(root, "oncall-override", "primary", **OVERRIDE, reason="")
    assert response.status_code == 422
    assert not Override.objects.exists()


@pytest.mark.parametrize("who", ["team", "moon", ""])
def test_only_people_of_the_plan_are_put_on_call(post, root, who):
    rostering.person("team", 9, kind="team")
    assert post(root, "oncall-override", "primary", **OVERRIDE | {"contact": who}, reason="x").status_code == 422


def test_a_responder_does_not_put_others_on_call(post, bob):
    assert post(bob, "oncall-override", "primary", **OVERRIDE, reason="x").status_code == 403


def test_an_override_is_ended_by_whom_it_concerns(post, bob, root, primary):
    made = oncall.override(primary, contact("bob"), starts_at=now(), ends_at=in_days(1), reason="x", by=root)
    assert post(make.user("ada", role="responder"), "override-end", made.pk).status_code == 409
    assert on_call("primary", now()) == ["bob"]
    assert post(bob, "override-end", made.pk).status_code == 302
    assert on_call("primary", now()) == ["ada"]


# --- Swaps --------------------------------------------------------------------------------------------------------
def test_a_swap_is_offered_for_the_shift_that_the_link_names(get, bob):
    shown = get(bob, "oncall-swap", "primary", shift="2026-12-21T09:00:00Z")
    assert 'value="2026-12-21T09:00"' in shown
    assert 'value="2026-12-28T09:00"' in shown
    assert "Ada, for nothing in return" in shown
    assert "Ada, and you stand in for them from" in shown


def test_without_a_link_it_is_for_the_next_one(get, bob):
    assert 'value="2026-11-30T09:00"' in get(bob, "oncall-swap", "primary")


def test_whoever_has_no_shift_has_none_to_swap(post, root, client):
    rostering.person("root", 7)
    client.force_login(root)
    response = client.get(reverse("incidents:oncall-swap", args=["primary"]))
    assert response.status_code == 409
    assert "You have no shift in this rotation" in response.content.decode()


def test_it_is_asked_accepted_and_then_holds(post, get, bob, ada):
    times = {"starts_at": "2026-12-01T09:00", "ends_at": "2026-12-02T09:00", "zone": "UTC"}
    response = post(bob, "oncall-swap", "primary", exchange="ada", **times, reason="A wedding")
    assert response.url == reverse("incidents:my-shifts")
    swap = Swap.objects.get()
    assert on_call("primary", in_days(8)) == ["bob"]
    assert "A wedding" in get(ada, "swap", swap.pk)
    assert "Will you stand in?" in get(ada, "swap", swap.pk)
    response = post(ada, "swap-accept", swap.pk)
    assert response.url == reverse("incidents:swap", args=[swap.pk])
    assert on_call("primary", in_days(8)) == ["ada"]
    shown = get(bob, "rotation", "primary")
    assert "stands in for Bob" in shown
    assert "Accepted" in get(bob, "swap", swap.pk)


def test_the_message_leads_to_the_question(primary, bob):
    swap = offered(primary, bob)
    asked = Delivery.objects.get(address="ada@example.com")
    assert asked.payload["url"].endswith(reverse("incidents:swap", args=[swap.pk]))


def test_a_shift_in_return_is_chosen_with_the_person(post, bob, primary):
    shift = next(one for one in oncall.oncall.shifts("primary", in_days(20), in_days(30)) if one.contact == "ada")
    times = {"starts_at": "2026-12-01T09:00", "ends_at": "2026-12-02T09:00", "zone": "UTC"}
    assert post(bob, "oncall-swap", "primary", exchange=exchange_value("ada", shift), **times).status_code == 302
    swap = Swap.objects.get()
    assert (swap.return_starts_at, swap.return_ends_at) == (shift.starts_at, shift.ends_at)


@pytest.mark.parametrize("exchange", ["", "bob", "moon", "ada@yesterday/tomorrow"])
def test_only_what_was_offered_can_be_chosen(post, bob, exchange):
    times = {"starts_at": "2026-12-01T09:00", "ends_at": "2026-12-02T09:00", "zone": "UTC"}
    assert post(bob, "oncall-swap", "primary", exchange=exchange, **times).status_code == 422
    assert not Swap.objects.exists()


def test_a_swap_is_declined_with_a_reason(post, get, primary, bob, ada):
    swap = offered(primary, bob)
    assert post(ada, "swap-decline", swap.pk, reason="On a boat").status_code == 302
    assert "Declined" in get(bob, "swap", swap.pk)
    assert "Will you stand in?" not in get(ada, "swap", swap.pk)
    assert post(ada, "swap-accept", swap.pk).status_code == 409
    assert on_call("primary", in_days(8)) == ["bob"]


def test_a_swap_is_taken_back_by_whoever_asked(post, get, primary, bob, ada):
    swap = offered(primary, bob)
    assert "Take the question back" in get(bob, "swap", swap.pk)
    assert "Take the question back" not in get(ada, "swap", swap.pk)
    assert post(bob, "swap-withdraw", swap.pk).status_code == 302
    assert post(ada, "swap-accept", swap.pk).status_code == 409


def test_nobody_accepts_for_another(post, get, primary, bob):
    swap = offered(primary, bob)
    chie = make.user("chie", role="responder")
    assert "Will you stand in?" not in get(chie, "swap", swap.pk)
    assert post(chie, "swap-accept", swap.pk).status_code == 409
    assert post(bob, "swap-accept", swap.pk).status_code == 409


# --- Absences -----------------------------------------------------------------------------------------------------
AWAY = {"starts_at": "2026-11-23T13:00", "ends_at": "2026-11-25T09:00", "zone": "UTC"}


def test_one_says_that_one_is_absent(post, get, ada):
    assert 'name="contact"' not in get(ada, "absence-add")
    response = post(ada, "absence-add", **AWAY, reason="Ill")
    assert response.url == reverse("incidents:my-shifts")
    assert on_call("primary", in_days(1)) == ["bob"]
    assert "comes next: Ada cannot be there" in get(ada, "rotation", "primary")


def test_a_commander_says_it_of_somebody_else(post, get, root):
    assert ">Ada</option>" in get(root, "absence-add")
    assert post(root, "absence-add", contact="ada", **AWAY).status_code == 302
    assert Absence.objects.get().contact_key == "ada"


def test_an_absence_ends_early(post, ada, bob):
    absence = oncall.add_absence(contact("ada"), starts_at=now(), ends_at=in_days(2), by=ada)
    assert post(bob, "absence-end", absence.pk).status_code == 409
    assert post(ada, "absence-end", absence.pk).status_code == 302
    assert on_call("primary", in_days(1)) == ["ada"]

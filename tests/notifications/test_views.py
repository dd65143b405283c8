from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now

from dr_console.audit.models import AuditEntry
from dr_console.errors import Problem, ProviderError
from dr_console.notifications import delivery
from dr_console.notifications.events import Kind, record
from dr_console.notifications.models import Delivery
from tests import make
from tests.notifications.asked import NAME

pytestmark = pytest.mark.django_db
State = Delivery.State
HTMX = {"HX-Request": "true"}


@pytest.fixture
def commander(client):
    someone = make.user("ada", role="commander")
    client.force_login(someone)
    return someone


def ended(state, **fields):
    one = make.message()
    Delivery.objects.filter(pk=one.pk).update(state=state, ended_at=now(), **fields)
    one.refresh_from_db()
    return one


def failure():
    return ProviderError("Slack", "write to the channel", Problem.NOT_FOUND, code="channel_not_found").facts()


def page_of(client, one):
    return client.get(reverse("notifications:detail", args=[one.pk])).content.decode()


def test_the_list_says_what_became_of_each(client, commander):
    ended(State.FAILED, error=failure())
    ended(State.UNKNOWN)
    page = client.get(reverse("notifications:list")).content.decode()
    assert "Slack could not write to the channel: there is no such thing." in page
    assert "Perhaps sent" in page


def test_the_list_is_filtered_by_incident_and_state(client, commander):
    make.message(about="INC-2026-001", recipient="Ada")
    make.message(about="INC-2026-002", recipient="Bob")
    page = client.get(reverse("notifications:list"), {"about": "inc-2026-001"}).content.decode()
    assert "Ada" in page
    assert "Bob" not in page
    page = client.get(reverse("notifications:list"), {"state": "failed"}).content.decode()
    assert "Ada" not in page


def test_many_messages_cost_no_more_queries(client, commander, django_assert_max_num_queries):
    for _number in range(30):
        make.message()
    with django_assert_max_num_queries(15):
        client.get(reverse("notifications:list"))


def test_what_is_tried_again_says_when(client, commander):
    one = make.message()
    Delivery.objects.update(error=failure(), not_before=now().replace(year=now().year + 1))
    page = page_of(client, one)
    assert "Is tried again" in page
    assert "Next try:" in page


def test_what_failed_is_sent_again(client, commander):
    one = ended(State.FAILED, error=failure(), attempts=5)
    assert reverse("notifications:send-again", args=[one.pk]) in page_of(client, one)
    response = client.post(reverse("notifications:send-again", args=[one.pk]))
    assert response.url == reverse("notifications:detail", args=[one.pk])
    one.refresh_from_db()
    assert (one.state, one.attempts, one.error, one.ended_at) == (State.QUEUED, 0, None, None)
    assert AuditEntry.objects.get(action="delivery.sent_again").actor == commander


def test_htmx_gets_the_message_alone(client, commander):
    one = ended(State.UNKNOWN)
    response = client.post(reverse("notifications:send-again", args=[one.pk]), headers=HTMX)
    assert [template.name for template in response.templates][0] == "notifications/_delivery.html"


def test_what_has_been_sent_is_not_sent_again(client, commander):
    one = ended(State.SENT)
    assert reverse("notifications:send-again", args=[one.pk]) not in page_of(client, one)
    response = client.post(reverse("notifications:send-again", args=[one.pk]), headers=HTMX)
    assert response.status_code == 409
    assert "has been sent, or is about to be" in response.content.decode()


def test_what_waits_is_kept_back(client, commander):
    one = make.message()
    client.post(reverse("notifications:keep-back", args=[one.pk]))
    one.refresh_from_db()
    assert one.state == State.CANCELLED
    assert "Cancelled" in page_of(client, one)


def test_what_may_have_been_sent_is_not_kept_back(client, commander):
    one = make.message()
    Delivery.objects.update(handed_over_at=now())
    assert client.post(reverse("notifications:keep-back", args=[one.pk]), headers=HTMX).status_code == 409


@pytest.mark.parametrize("name", ["send-again", "keep-back"])
def test_it_takes_the_permission_and_a_press(client, name):
    one = ended(State.FAILED)
    client.force_login(make.user("vera", role="viewer"))
    assert client.post(reverse(f"notifications:{name}", args=[one.pk])).status_code == 403
    assert client.get(reverse(f"notifications:{name}", args=[one.pk])).status_code == 405
    assert reverse(f"notifications:{name}", args=[one.pk]) not in page_of(client, one)


def test_what_people_wrote_is_not_taken_for_html(client, commander):
    one = make.message(recipient="<b>Ada</b>")
    Delivery.objects.update(body="<script>alert(1)</script>", subject="<i>x</i>")
    for page in (page_of(client, one), client.get(reverse("notifications:list")).content.decode()):
        assert "<script>alert" not in page
        assert "<i>x</i>" not in page
        assert "<b>Ada</b>" not in page


def test_the_page_shows_every_try_and_what_came_of_it(client, commander, people):
    way = {"channel": "email", "address": "ada@example.com", "dedup_key": "1:email"}
    one = make.message(address="C0NOSUCHPLACE", person="contact:ada", group="escalation:1", alternatives=[way])
    delivery.send(one.pk)
    page = page_of(client, one)
    for said in ("Tried", "try 1", "Refused", "there is no such thing", "Now by E-mail: ada@example.com", "Stands in"):
        assert said in page, said
    stand_in = one.stand_ins.get()
    assert reverse("notifications:detail", args=[stand_in.pk]) in page
    assert "Stands in for this one, which failed" in page_of(client, stand_in)


def test_what_is_held_back_or_said_with_others_says_so(client, commander):
    one, with_it = make.message(), make.message()
    Delivery.objects.filter(pk=one.pk).update(not_before=now().replace(year=now().year + 1))
    Delivery.objects.filter(pk=with_it.pk).update(bundled_into=one)
    assert "Not before" in page_of(client, one)
    assert "Said together with others" in page_of(client, with_it)
    assert "Said in it" in page_of(client, one)


@pytest.mark.parametrize("state", list(State), ids=str)
def test_every_state_has_a_look(client, commander, state):
    assert str(State(state).label) in page_of(client, ended(state))


def test_what_is_over_is_not_sent_again(client, commander, asked):
    one = make.message(purpose=NAME)
    Delivery.objects.update(state=State.CANCELLED)
    asked.unwanted.add(one.pk)
    response = client.post(reverse("notifications:send-again", args=[one.pk]), headers=HTMX)
    assert response.status_code == 409
    assert "is over" in response.content.decode()


def test_the_list_is_filtered_by_person(client, commander):
    make.message(person="contact:cto", recipient="Wei Chen")
    make.message(person="contact:ops", recipient="Bob")
    for asked_for in ("cto", "contact:cto", "wei"):
        page = client.get(reverse("notifications:list"), {"person": asked_for}).content.decode()
        assert ("Wei Chen" in page, "Bob" in page) == (True, False), asked_for


def test_a_long_life_costs_no_more_queries(client, commander, django_assert_max_num_queries):
    one = make.message()
    for _number in range(30):
        record(one, Kind.HELD)
    with django_assert_max_num_queries(15):
        page_of(client, one)

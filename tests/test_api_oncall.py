"""/api/v1/oncall: who is on call, for programs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.timezone import now

from incidents.models import Contact
from incidents.services import oncall
from tests import make
from tests.incidents import rostering

pytestmark = pytest.mark.django_db

URL = "/api/v1/oncall"


@pytest.fixture(autouse=True)
def primary(time_machine):
    time_machine.move_to(rostering.NOW, tick=False)
    rostering.people()
    return rostering.rotation()


@pytest.fixture
def reader():
    return make.api_token("switchboard", scopes=["read_oncall"])


def get(client, reader, **query):
    return client.get(URL, query, headers={"Authorization": f"Bearer {reader}"})


def test_it_says_who_is_on_call_and_who_is_next(client, reader):
    response = get(client, reader)
    assert response.status_code == 200
    assert response.json() == {
        "at": "2026-11-23T12:00:00Z",
        "rotations": [
            {
                "key": "primary",
                "name": "Primary",
                "url": "http://127.0.0.1:8000/on-call/rotations/primary/",
                "on_call": {
                    "contact": "ada",
                    "name": "Ada",
                    "starts_at": "2026-11-23T09:00:00Z",
                    "ends_at": "2026-11-30T09:00:00Z",
                    "because": "turn",
                    "instead_of": None,
                    "layer": None,
                },
                "next": {
                    "contact": "bob",
                    "name": "Bob",
                    "starts_at": "2026-11-30T09:00:00Z",
                    "ends_at": "2026-12-07T09:00:00Z",
                    "because": "turn",
                    "instead_of": None,
                    "layer": None,
                },
            }
        ],
    }


def test_at_another_time_in_any_zone(client, reader):
    facts = get(client, reader, at="2026-12-01T05:00:00+09:00").json()
    assert facts["at"] == "2026-11-30T20:00:00Z"
    assert facts["rotations"][0]["on_call"]["contact"] == "bob"


def test_a_hole_is_null_and_layers_are_named(client, reader):
    rostering.weekend()
    weekend = get(client, reader, rotation="weekend").json()["rotations"]
    assert [one["key"] for one in weekend] == ["weekend"]
    assert weekend[0]["on_call"] is None
    assert (weekend[0]["next"]["contact"], weekend[0]["next"]["layer"]) == ("bob", "days")


def test_why_it_is_somebody_else(client, reader, primary):
    root = make.user("root", role="administrator")
    chie, bob, ada = (Contact.objects.get(key=key) for key in ("chie", "bob", "ada"))
    oncall.override(primary, chie, starts_at=now(), ends_at=now() + timedelta(hours=1), by=root)
    times = {"starts_at": now() + timedelta(hours=2), "ends_at": now() + timedelta(hours=3)}
    swap = oncall.offer_swap(primary, from_contact=ada, to_contact=bob, **times, by=root)
    oncall.accept_swap(swap, by=root)
    assert get(client, reader).json()["rotations"][0]["on_call"]["because"] == "override"
    then = get(client, reader, at=times["starts_at"].isoformat()).json()["rotations"][0]["on_call"]
    assert (then["contact"], then["because"], then["instead_of"]) == ("bob", "swap", "ada")


@pytest.mark.parametrize("at", ["soon", "2026-11-28T03:00:00", "1999-12-31T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_that_is_none_is_named(client, reader, at):
    response = get(client, reader, at=at)
    assert response.status_code == 422
    assert [one["where"] for one in response.json()["problems"]] == ["at"]


def test_a_rotation_that_is_not_there_is_not_found(client, reader):
    response = get(client, reader, rotation="moon")
    assert (response.status_code, response.json()["error"]) == (
        404,
        "There is no rotation “moon” in the plan. There are: primary.",
    )


def test_it_takes_its_own_scope(client):
    other = make.api_token("dashboard", scopes=["read_incidents"])
    assert get(client, other).status_code == 403
    assert client.get(URL).status_code == 401


def test_the_description_for_machines_has_it(client):
    described = client.get("/api/v1/openapi.json").json()
    names = [one["name"] for one in described["paths"]["/api/v1/oncall"]["get"]["parameters"]]
    assert names == ["at", "rotation"]


def test_many_rotations_cost_no_more_queries(client, reader, django_assert_max_num_queries):
    for number in range(10):
        rostering.rotation(f"more-{number}", position=number)
    with django_assert_max_num_queries(12):
        assert len(get(client, reader).json()["rotations"]) == 11

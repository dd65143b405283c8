"""Layers of a rotation in the plan: in the browser, in the file, and in who is on call."""

from __future__ import annotations

import pytest
from django.urls import reverse

from dr_console.plans import reader, services, writer
from dr_console.plans.difference import compare
from incidents.models import Rotation, RotationLayer
from incidents.queries import oncall
from tests import make
from tests.incidents.layering import utc
from tests.plans.test_forms import form_of

pytestmark = pytest.mark.django_db
NIGHTS = {
    "key": "nights",
    "name_en": "Nights",
    "name_zh_hans": "夜间",
    "time_zone": "Asia/Tokyo",
    "period": "weekly",
    "hand_over_at": "22:00",
    "starts_on": "2026-01-05",
    "participants": "cto\ntechnical-lead",
    "hours": "22:00-06:00",
}


@pytest.fixture
def edited(client):
    """The rotation of the built-in plan, with a layer that somebody added in the browser."""
    make.plan()
    client.force_login(make.user("root", role="administrator"))
    data = form_of("rotations", "on-call")
    for name, value in NIGHTS.items():
        data[f"layers-0-{name}"] = value
    data.setlist("layers-0-weekdays", ["mon", "fri"])
    data["layers-0-row_position"] = "1"
    response = client.post(reverse("plans:edit", args=["rotations", "on-call"]), dict(data.lists()))
    assert response.status_code == 302, response.context["form"].rows["layers"].forms[0].errors
    return Rotation.objects.get()


def test_a_layer_added_in_the_browser_counts_at_once(edited):
    monday_night, tuesday_night = utc("2026-11-23 14:00"), utc("2026-11-24 14:00")
    assert oncall.on_call("on-call", monday_night)[0] in ("cto", "technical-lead")
    assert oncall.on_call("on-call", tuesday_night) == ["on-call-engineer"]
    (layer,) = edited.layers.all()
    assert (layer.weekdays, layer.hours, layer.participants) == (
        ["mon", "fri"],
        "22:00-06:00",
        ["cto", "technical-lead"],
    )


def test_it_comes_back_from_the_file_as_it_went_in(edited):
    exported = services.export()
    again = reader.parse(writer.written(exported, name="plan").encode())
    assert again.content() == exported
    assert exported["rotations"][0]["layers"][0]["name"] == {"en": "Nights", "zh-hans": "夜间"}


def test_what_changed_is_said_layer_by_layer(edited):
    before = services.export()
    after = services.export()
    after["rotations"][0]["layers"][0]["hours"] = "21:00-06:00"
    (change,) = compare(before, after)
    assert change.where == "rotations → on-call → layers → nights → hours"


def test_a_layer_that_the_plan_leaves_out_is_retired_and_counts_no_more(edited):
    content = services.export()
    content["rotations"][0]["layers"] = []
    services.load(reader.validate(content), by=None, source="test")
    assert RotationLayer.ever.get().retired_at is not None
    assert oncall.on_call("on-call", utc("2026-11-23 14:00")) == ["on-call-engineer"]

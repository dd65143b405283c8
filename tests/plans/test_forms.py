"""Forms made from the schema."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.urls import reverse

from dr_console.plans import services
from dr_console.plans.forms import entry_form
from dr_console.plans.models import PlanVersion
from dr_console.plans.queries import entry_now, reference_choices
from dr_console.plans.reader import validate
from dr_console.plans.registry import section, sections
from tests import make

pytestmark = pytest.mark.django_db


def sent_back(form) -> QueryDict:
    """What a browser would send if the person changed nothing."""
    data = QueryDict(mutable=True)
    _fill(form, data)
    return data


def _fill(form, data: QueryDict) -> None:
    for bound in form:
        value = bound.value()
        if isinstance(value, bool):
            if value:
                data[bound.html_name] = "on"
        elif isinstance(value, list):
            ticked = [str(one) for one in value]  # sent in the order of the page
            shown = [key for key, _label in getattr(bound.field, "choices", [])] or ticked
            data.setlist(bound.html_name, [key for key in shown if key in ticked])
        elif value is not None:
            data[bound.html_name] = str(value)
    for rows in form.rows.values():
        for row in rows.forms:
            _fill(row, data)


def entries():
    make.plan()
    content = services.export()
    for one in sections():
        for entry in content[one.name] if one.many else [content[one.name]]:
            yield one, entry


def test_a_form_that_is_sent_back_unchanged_says_what_the_plan_says():
    for one, entry in entries():
        choices = reference_choices(one)
        data = sent_back(entry_form(one, choices, known=entry))
        again = entry_form(one, choices, data=data).document()
        content = services.export()
        place = content[one.name]
        if one.many:
            place[next(i for i, e in enumerate(place) if e["key"] == entry["key"])] = again
        else:
            content[one.name] = again
        assert validate(content).content() == services.export(), f"{one.name} {entry.get('key')}"


@pytest.fixture
def administrator(client):
    make.plan()
    someone = make.user("root", role="administrator")
    client.force_login(someone)
    return someone


def form_of(name: str, key: str = "") -> QueryDict:
    one = section(name)
    data = sent_back(entry_form(one, reference_choices(one), known=entry_now(one, key)))
    data["base"] = str(services.current_version().number)
    return data


def test_one_field_is_changed_and_makes_a_version(client, administrator):
    data = form_of("contacts", "cto")
    data["name_en"] = "Chief of everything"
    response = client.post(reverse("plans:edit", args=["contacts", "cto"]), data)
    assert response.status_code == 302
    assert response.url == reverse("incidents:contacts")
    assert entry_now(section("contacts"), "cto")["name"]["en"] == "Chief of everything"
    assert services.current_version().number == 2
    assert services.current_version().by == administrator


def test_saving_without_a_change_makes_no_version(client, administrator):
    client.post(reverse("plans:edit", args=["contacts", "cto"]), form_of("contacts", "cto"))
    assert PlanVersion.objects.count() == 1


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(client, administrator):
    data = form_of("contacts", "cto")
    data["time_zone"] = "Atlantis"
    data["name_en"] = "Somebody new"
    response = client.post(reverse("plans:edit", args=["contacts", "cto"]), data)
    assert response.status_code == 422
    form = response.context["form"]
    assert "time zone" in str(form.errors["time_zone"])
    assert "Somebody new" in response.content.decode()
    assert PlanVersion.objects.count() == 1


def test_a_missing_translation_is_said_at_that_language(client, administrator):
    data = form_of("contacts", "cto")
    data["name_zh_hans"] = ""
    response = client.post(reverse("plans:edit", args=["contacts", "cto"]), data)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["name_zh_hans"]


def test_what_is_wrong_in_a_row_is_said_in_that_row(client, administrator):
    data = form_of("contacts", "cto")
    data["channels-1-address"] = "no address at all"
    response = client.post(reverse("plans:edit", args=["contacts", "cto"]), data)
    assert response.status_code == 422
    assert "address" in response.context["form"].rows["channels"].forms[1].errors


def test_a_row_is_added_without_javascript(client, administrator):
    data = form_of("contacts", "cto")
    rows = sum(name.startswith("channels-") and name.endswith("-row_position") for name in data)
    data["more"] = "channels"
    response = client.post(reverse("plans:edit", args=["contacts", "cto"]), data)
    assert response.status_code == 200
    assert len(response.context["form"].rows["channels"].forms) == rows + 1
    del data["more"]
    data[f"channels-{rows - 1}-kind"] = "slack"
    data[f"channels-{rows - 1}-address"] = "@the-cto"
    assert client.post(reverse("plans:edit", args=["contacts", "cto"]), data).status_code == 302
    assert "@the-cto" in [channel["address"] for channel in entry_now(section("contacts"), "cto")["channels"]]


def test_rows_are_removed_and_change_places(client, administrator):
    before = [item["key"] for item in entry_now(section("checklists"), "quick-recovery")["items"]]
    data = form_of("checklists", "quick-recovery")
    data["items-0-row_remove"] = "on"
    data["items-2-row_position"] = "0"
    assert client.post(reverse("plans:edit", args=["checklists", "quick-recovery"]), data).status_code == 302
    after = [item["key"] for item in entry_now(section("checklists"), "quick-recovery")["items"]]
    assert after == [before[2], before[1], *before[3:]]


def test_a_reference_to_nothing_is_refused_with_the_keys_there_are(client, administrator):
    data = form_of("rotations", "on-call")
    data["participants"] = "nobody-known"
    response = client.post(reverse("plans:edit", args=["rotations", "on-call"]), data)
    assert response.status_code == 422
    assert "cto" in str(response.context["form"].errors["participants"])


def test_an_entry_is_added(client, administrator):
    data = form_of("vendors", "aws") | {}
    data = data.copy()
    data["key"] = "fastly"
    data["name_en"] = data["name_zh_hans"] = "Fastly"
    assert client.post(reverse("plans:add", args=["vendors"]), data).status_code == 302
    assert entry_now(section("vendors"), "fastly")["name"] == "Fastly"


def test_a_key_that_exists_already_is_refused_at_its_field(client, administrator):
    response = client.post(reverse("plans:add", args=["vendors"]), form_of("vendors", "aws"))
    assert response.status_code == 422
    assert PlanVersion.objects.count() == 1


def test_an_entry_that_others_need_is_not_removed(client, administrator):
    base = {"base": str(services.current_version().number)}
    response = client.post(reverse("plans:remove", args=["regions", "asia-northeast-1"]), base)
    assert response.status_code == 422
    assert entry_now(section("regions"), "asia-northeast-1")


def test_one_that_nobody_needs_is(client, administrator):
    base = {"base": str(services.current_version().number)}
    assert client.get(reverse("plans:remove", args=["vendors", "aws"])).status_code == 200
    assert client.post(reverse("plans:remove", args=["vendors", "aws"]), base).status_code == 302
    assert entry_now(section("vendors"), "aws") is None


def test_an_entry_moves_up_and_down(client, administrator):
    keys = [entry["key"] for entry in services.export()["vendors"]]
    base = {"base": "1"}
    client.post(reverse("plans:move", args=["vendors", keys[1]]), base | {"to": "up"})
    assert [entry["key"] for entry in services.export()["vendors"]] == [keys[1], keys[0], *keys[2:]]


def test_the_first_entry_cannot_move_further_up(client, administrator):
    first = services.export()["vendors"][0]["key"]
    response = client.post(reverse("plans:move", args=["vendors", first]), {"base": "1", "to": "up"})
    assert response.status_code == 409
    assert first in response.content.decode()


def test_who_comes_second_is_told_that_somebody_was_faster(client, administrator):
    mine, theirs = form_of("contacts", "cto"), form_of("contacts", "cto")
    theirs["name_en"] = "Theirs"
    mine["name_en"] = "Mine"
    client.post(reverse("plans:edit", args=["contacts", "cto"]), theirs)
    response = client.post(reverse("plans:edit", args=["contacts", "cto"]), mine)
    assert response.status_code == 409
    assert entry_now(section("contacts"), "cto")["name"]["en"] == "Theirs"


def test_two_who_change_different_entries_do_not_disturb_each_other(client, administrator):
    first, second = form_of("contacts", "cto"), form_of("contacts", "technical-lead")
    first["name_en"] = "One"
    second["name_en"] = "Two"
    assert client.post(reverse("plans:edit", args=["contacts", "cto"]), first).status_code == 302
    assert client.post(reverse("plans:edit", args=["contacts", "technical-lead"]), second).status_code == 302


@pytest.mark.parametrize("base", ["", "x", "-1", "99999999999"])
def test_a_form_without_its_version_is_refused(client, administrator, base):
    data = form_of("contacts", "cto")
    data["base"] = base
    assert client.post(reverse("plans:edit", args=["contacts", "cto"]), data).status_code == 400


@pytest.mark.parametrize(
    "path", ["nothing/edit/", "contacts/nobody/edit/", "contacts/edit/", "about/x/edit/", "about/add/"]
)
def test_what_does_not_exist_is_not_found(client, administrator, path):
    assert client.get(reverse("plans:overview") + path).status_code == 404


@pytest.mark.parametrize(
    ("role", "about", "contacts"),
    [
        ("viewer", 403, 403),
        ("responder", 403, 403),
        ("commander", 403, 403),
        ("manager", 200, 403),
        ("administrator", 200, 200),
    ],
)
def test_who_may_change_what(client, role, about, contacts):
    make.plan()
    client.force_login(make.user("somebody", role=role))
    assert client.get(reverse("plans:edit-single", args=["about"])).status_code == about
    assert client.get(reverse("plans:edit", args=["contacts", "cto"])).status_code == contacts
    assert client.get(reverse("plans:add", args=["contacts"])).status_code == contacts


def test_a_form_with_absurdly_many_rows_is_kept_small(client, administrator):
    data = form_of("contacts", "cto")
    data["channels-1000000000-row_position"] = "1000000000"
    response = client.post(reverse("plans:edit", args=["contacts", "cto"]), data | {"more": "channels"})
    assert response.status_code in (200, 302)


def test_a_long_list_comes_back_whole(client, administrator):
    entry = entry_now(section("contacts"), "cto")
    entry["channels"] = [{"kind": "slack", "address": f"@number-{number}"} for number in range(120)]
    services.edit_entry("contacts", "cto", entry, base_version=1, by=administrator)
    data = form_of("contacts", "cto")
    data["name_en"] = "Chief"
    assert client.post(reverse("plans:edit", args=["contacts", "cto"]), data).status_code == 302
    assert len(entry_now(section("contacts"), "cto")["channels"]) == 120


def test_every_entry_has_a_form_that_opens(client, administrator):
    content = services.export()
    for one in sections():
        if not one.many:
            assert client.get(reverse("plans:edit-single", args=[one.name])).status_code == 200
            continue
        assert client.get(reverse("plans:add", args=[one.name])).status_code == 200
        for entry in content[one.name]:
            assert client.get(reverse("plans:edit", args=[one.name, entry["key"]])).status_code == 200

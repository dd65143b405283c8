"""Contacts and vendors from a file and into one: shown first, then taken as a whole."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from dr_console.errors import Refused
from dr_console.plans.models import PlanVersion
from dr_console.plans.queries import current_number
from dr_console.plans.services import edit_entry, export
from incidents.models import Contact
from incidents.services import address_book
from tests import make

pytestmark = pytest.mark.django_db

NEW = "key,name,time_zone,channel 1\nwei,Wei,Asia/Shanghai,phone: +86 10 6552 9988\n"


@pytest.fixture(autouse=True)
def plan():
    return make.plan()


@pytest.fixture
def editor(client):
    someone = make.user("root", role="administrator")
    client.force_login(someone)
    return someone


def bring_in(text: str, *, by, base: int | None = None, section: str = "contacts") -> PlanVersion:
    return address_book.bring_in(section, text, base_version=base or current_number(), by=by, name="people.csv")


def upload(client, text: str | bytes, *, section: str = "contacts", name: str = "people.csv", **kwargs):
    data = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile(name, data)
    return client.post(reverse("incidents:address-book-preview"), {"section": section, "file": file}, **kwargs)


# --- The service ----------------------------------------------------------------------------------
@pytest.mark.parametrize("suffix", ["csv", "vcf"])
@pytest.mark.parametrize("section", ["contacts", "vendors"])
def test_what_was_exported_changes_nothing(section, suffix):
    proposal = address_book.propose(section, address_book.written(section, suffix).removeprefix("\ufeff"))
    assert (proposal.wrong, proposal.changes) == ([], [])
    assert proposal.entries == export()[section]


def test_a_row_adds_somebody_and_leaves_everybody_else(editor):
    before = Contact.objects.current().count()
    version = bring_in(NEW, by=editor)
    wei = Contact.objects.current().get(key="wei")
    assert (wei.kind, wei.time_zone, wei.channels.get().address) == ("person", "Asia/Shanghai", "+86 10 6552 9988")
    assert Contact.objects.current().count() == before + 1
    assert (version.source, version.by) == ("people.csv", editor)


def test_what_is_wrong_is_told_by_line_and_nothing_is_half_imported(editor):
    text = NEW + "ada,Ada,Mars/Olympus,phone: +86 10 6552 9989\neve,Eve,UTC,phone: 12\n"
    proposal = address_book.propose("contacts", text)
    assert [one.line for one in proposal.wrong] == [3, 4]
    assert "time_zone" in proposal.wrong[0].words
    with pytest.raises(Refused, match="nothing was changed"):
        bring_in(text, by=editor)
    assert not Contact.objects.filter(key="wei").exists()


def test_a_key_that_is_none_is_told_on_its_line():
    proposal = address_book.propose("contacts", "key,name\nWei Chen!,Wei\n")
    assert [one.line for one in proposal.wrong] == [2]


def test_quiet_hours_are_held_to_the_plans_rules():
    (wrong,) = address_book.propose("contacts", "key,quiet_hours\ncto,late\n").wrong
    assert (wrong.line, "22:00-07:00" in wrong.words) == (2, True)


def test_the_plan_has_moved_on(editor):
    base = current_number()
    cto = next(one for one in export()["contacts"] if one["key"] == "cto")
    edit_entry("contacts", "cto", {**cto, "level": 3}, base_version=base, by=editor)
    with pytest.raises(Refused, match="changed the plan"):
        bring_in(NEW, by=editor, base=base)


def test_a_change_elsewhere_in_the_plan_is_in_nobodys_way(editor):
    base = current_number()
    aws = next(one for one in export()["vendors"] if one["key"] == "aws")
    edit_entry("vendors", "aws", {**aws, "contract_number": "C-1"}, base_version=base, by=editor)
    bring_in(NEW, by=editor, base=base)
    assert next(one for one in export()["vendors"] if one["key"] == "aws")["contract_number"] == "C-1"


def test_vendors_are_brought_in_too(editor):
    text = "key,contract_number,hours\naws,C-77,24/7\n"
    bring_in(text, by=editor, section="vendors")
    aws = next(one for one in export()["vendors"] if one["key"] == "aws")
    assert (aws["contract_number"], aws["hours"]) == ("C-77", "24/7")


# --- The page -------------------------------------------------------------------------------------
def test_a_file_is_shown_and_then_taken(client, editor):
    shown = upload(client, NEW.encode("gbk"))
    assert shown.status_code == 200
    assert "contacts → wei" in shown.content.decode()
    assert not Contact.objects.filter(key="wei").exists()
    confirmed = client.post(reverse("incidents:address-book-bring-in"), shown.context["form"].initial)
    assert confirmed.url == reverse("incidents:contacts")
    assert Contact.objects.current().filter(key="wei").exists()


def test_a_browsers_ends_of_lines_change_nothing(client, editor):
    initial = upload(client, NEW).context["form"].initial
    client.post(reverse("incidents:address-book-bring-in"), {**initial, "text": NEW.replace("\n", "\r\n")})
    assert Contact.objects.current().get(key="wei").channels.get().address == "+86 10 6552 9988"


def test_what_is_wrong_is_listed_with_its_lines(client, editor):
    response = upload(client, "key,level\ncto,high\n")
    assert response.status_code == 422
    assert "<b>Line 2</b>" in response.content.decode()


def test_columns_that_are_not_read_are_told(client, editor):
    text = upload(client, "key,name,birthday\nwei,Wei,1 May\n").content.decode()
    assert "not read:" in text
    assert "birthday" in text


def test_a_file_that_changes_nothing_says_so(client, editor):
    response = upload(client, address_book.written("contacts", "csv"))
    assert response.status_code == 200
    assert "nothing would change" in response.content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\x00\x01\x02\xff", "no text"), (b"a" * 500_001, "larger than"), (b"", "empty")],
    ids=["picture", "large", "empty"],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(client, editor, data, said):
    response = upload(client, data)
    assert response.status_code == 422
    assert said in response.content.decode()


def test_no_file_at_all(client, editor):
    assert client.post(reverse("incidents:address-book-preview"), {"section": "contacts"}).status_code == 422


def test_a_form_that_lost_its_text_is_refused(client, editor):
    assert client.post(reverse("incidents:address-book-bring-in"), {"section": "contacts"}).status_code == 422


def test_somebody_who_may_not_change_the_plan_only_exports(client):
    client.force_login(make.user("vera", role="viewer"))
    assert upload(client, NEW).status_code == 403
    assert client.post(reverse("incidents:address-book-bring-in")).status_code == 403
    page = client.get(reverse("incidents:address-book")).content.decode()
    assert reverse("incidents:contacts-vcf") in page
    assert "address-book/preview" not in page


@pytest.mark.parametrize(
    ("name", "begins", "kind"),
    [
        ("contacts-csv", "\ufeffkey,name", "text/csv"),
        ("contacts-vcf", "BEGIN:VCARD\r\nVERSION:4.0", "text/vcard"),
        ("vendors-csv", "\ufeffkey,name", "text/csv"),
        ("vendors-vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:org", "text/vcard"),
    ],
)
def test_files_are_there_to_keep(client, editor, name, begins, kind):
    response = client.get(reverse(f"incidents:{name}"))
    assert response.content.decode().startswith(begins)
    assert response["Content-Type"].startswith(kind)
    assert "attachment" in response["Content-Disposition"]

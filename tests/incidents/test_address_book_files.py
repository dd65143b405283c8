"""Contacts as CSV and vCard: what a file says, whoever wrote it, and what of it is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.address_book import sheet, vcards
from incidents.address_book.cards import ALL_KINDS, Card, Fields
from incidents.address_book.decoding import Unreadable, text_of
from incidents.address_book.merging import merge

FIELDS = Fields(
    names=("key", "name", "title", "kind", "level", "language", "time_zone", "quiet_hours"),
    texts=frozenset({"name", "title"}),
    numbers=frozenset({"level"}),
    optional=frozenset({"title", "level", "quiet_hours"}),
)
WEI = {
    "key": "wei",
    "name": {"en": "Wei Chen", "zh-hans": "陈伟"},
    "title": None,
    "kind": "person",
    "level": 1,
    "language": "zh-hans",
    "time_zone": "Asia/Shanghai",
    "quiet_hours": "22:00-07:00",
    "channels": [
        {"kind": "phone", "address": "+86 10 6552 9988"},
        {"kind": "slack", "address": "@wei"},
        {"kind": "email", "address": "wei@company.cn"},
        {"kind": "feishu", "address": "incidents"},
    ],
}
CTO = {**WEI, "key": "cto", "name": "CTO", "kind": "on_call", "level": None, "quiet_hours": None, "channels": []}


def merged(text, read=sheet.read, known=()):
    reading = read(text, FIELDS)
    assert reading.wrong == []
    return merge(list(known), reading.cards, FIELDS, defaults={"kind": "person"})


def channels(entry) -> list[str]:
    return [f"{one['kind']} {one['address']}" for one in entry["channels"]]


# --- Both ways ------------------------------------------------------------------------------------
@pytest.mark.parametrize("file", [sheet, vcards], ids=["csv", "vcard"])
def test_what_is_written_is_read_as_it_was(file):
    text = text_of(file.written([WEI, CTO], FIELDS).encode())
    assert merged(text, file.read).entries == [WEI, CTO]
    assert merged(text, file.read, known=[WEI, CTO]).entries == [WEI, CTO]


words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=40)


@settings(max_examples=50, deadline=None)
@given(words, words)
@pytest.mark.parametrize("file", [sheet, vcards], ids=["csv", "vcard"])
def test_whatever_somebody_is_called(file, name, other):
    wei = {**WEI, "name": name if name == other else {"en": name, "zh-hans": other}}
    assert merged(text_of(file.written([wei], FIELDS).encode()), file.read).entries == [wei]


# --- CSV ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["=1+1", "+86", "-2", "@sum", "'=1", "'quoted"])
def test_no_cell_is_a_formula(name):
    text = sheet.written([{**CTO, "name": name}], FIELDS)
    cells = text.splitlines()[1].split(",")
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert merged(text_of(text.encode())).entries[0]["name"] == name


@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_cells_may_stand_apart_by(delimiter):
    text = delimiter.join(["key", "name", "email"]) + "\n" + delimiter.join(["wei", "Wei", "wei@company.cn"])
    (wei,) = merged(text).entries
    assert (wei["name"], channels(wei)) == ("Wei", ["email wei@company.cn"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"])
def test_chinese_is_read_from_whatever_wrote_it(encoding):
    data = "姓名,手机,邮箱\r\n陈伟,+86 10 6552 9988,wei@company.cn\r\n".encode(encoding)
    (wei,) = merged(text_of(data)).entries
    assert wei["name"] == "陈伟"
    assert channels(wei) == ["phone +86 10 6552 9988", "email wei@company.cn"]


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\x00\x00", b"\xff\xff\xff"], ids=["a picture", "noise"])
def test_what_is_no_text_is_refused(data):
    with pytest.raises(Unreadable):
        text_of(data)


def test_a_spreadsheets_own_first_line_is_passed_over_and_lines_are_counted():
    reading = sheet.read("sep=;\nkey;channel 1\n\nwei;fax 12\n", FIELDS)
    assert [one.line for one in reading.wrong] == [4]
    assert "fax 12" in reading.wrong[0].words


def test_a_cell_of_several_lines_does_not_upset_the_count():
    reading = sheet.read('key,phone\nwei,"+86 10 6552 9988\n+86 10 6552 9989"\ncto,+1,2\n', FIELDS)
    assert [one.line for one in reading.wrong] == [4]
    assert len(reading.cards[0].channels) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("Straße,Ort\nA,B", "first row"),
        ('key,name\n"wei,Wei', "no CSV"),
    ],
    ids=["nothing", "blank lines", "other columns", "an open quote"],
)
def test_a_file_that_says_nothing_is_told_why(text, said):
    assert said in sheet.read(text, FIELDS).wrong[0].words


def test_columns_that_say_nothing_here_are_named():
    assert sheet.read("Key,Birthday,E-mail\nwei,1 May,wei@company.cn", FIELDS).ignored == ["Birthday"]


def test_an_empty_cell_empties_and_a_missing_column_leaves_as_it_is():
    (wei,) = merged("key,quiet_hours\nwei,\n", known=[WEI]).entries
    assert wei == {**WEI, "quiet_hours": None}


def test_what_every_contact_must_have_is_not_emptied():
    (wei,) = merged("key,language,time_zone\nwei,,\n", known=[WEI]).entries
    assert wei == WEI


def test_a_column_of_one_kind_changes_addresses_of_that_kind_alone():
    (wei,) = merged("key,phone\nwei,+86 10 1111 2222; +86 (10) 6552-9988\n", known=[WEI]).entries
    assert channels(wei) == [*channels(WEI), "phone +86 10 1111 2222"]


def test_columns_in_order_of_preference_say_everything():
    (wei,) = merged("key,channel 1,channel 2\nwei,email：new@company.cn,phone: +86 10 6552 9988\n", known=[WEI]).entries
    assert channels(wei) == ["email new@company.cn", "phone +86 10 6552 9988"]


# --- vCard ----------------------------------------------------------------------------------------
APPLE = """BEGIN:VCARD
VERSION:3.0
N:Chen;Wei;;;
FN:Wei Chen
ORG:Company\\, Ltd;
item1.EMAIL;type=INTERNET;type=pref:wei@company.cn
TEL;type=WORK;type=FAX:+86 10 6552 0000
TEL;type=CELL;type=VOICE:+86 138 0013 8000
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD
 /2wBDAAEBAQ
END:VCARD
"""
ANDROID = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E9=99=88;=E4=BC=9F;;;
TEL;CELL;PREF:+8613800138000
TEL;HOME:+8610
 65529988
END:VCARD
"""


def test_a_telephones_card_is_read_and_its_fax_is_not_called():
    (wei,) = merged(APPLE, vcards.read).entries
    assert (wei["key"], wei["name"], wei["kind"]) == ("wei-chen", "Wei Chen", "person")
    assert channels(wei) == ["email wei@company.cn", "phone +86 138 0013 8000"]


def test_an_old_telephones_card_is_read():
    (wei,) = merged(ANDROID, vcards.read).entries
    assert (wei["key"], wei["name"]) == ("contact", "陈伟")
    assert channels(wei) == ["phone +8613800138000", "phone +861065529988"]


def test_a_telephone_only_adds_to_whom_the_plan_knows():
    (wei,) = merged(APPLE, vcards.read, known=[WEI]).entries
    assert channels(wei) == [*channels(WEI), "phone +86 138 0013 8000"]
    assert wei["name"] == WEI["name"]


def test_preference_goes_over_all_kinds():
    text = "BEGIN:VCARD\nVERSION:4.0\nFN:Wei\nTEL;PREF=2;VALUE=uri:tel:+86-10-6552-9988\nEMAIL;PREF=1:a@b.cn\nEND:VCARD"
    assert channels(merged(text, vcards.read).entries[0]) == ["email a@b.cn", "phone +86-10-6552-9988"]


def test_lines_are_folded_at_75_bytes_and_no_character_is_cut():
    text = vcards.written([{**WEI, "name": "陈" * 60}], FIELDS)
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert merged(text_of(text.encode()), vcards.read).entries[0]["name"] == "陈" * 60


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("hello", 0, "no vCard"),
        ("BEGIN:VCARD\nFN:Wei", 1, "does not end"),
        ("BEGIN:VCARD\nFN:Wei\nnonsense\nEND:VCARD", 3, "nonsense"),
    ],
    ids=["none", "open", "nonsense"],
)
def test_what_is_wrong_with_a_card_is_told_by_line(text, line, said):
    (wrong,) = vcards.read(text, FIELDS).wrong
    assert (wrong.line, said in wrong.words) == (line, True)


# --- Whom a card is about -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("values", "addresses"),
    [
        ({"key": "wei"}, []),
        ({"name": "Somebody"}, [{"kind": "phone", "address": "+86 (10) 65529988"}]),
        ({"name": "Somebody"}, [{"kind": "email", "address": "WEI@company.cn"}]),
        ({"name": "wei chen"}, []),
        ({"name": "陈伟"}, []),
    ],
    ids=["key", "phone", "email", "name", "name in Chinese"],
)
def test_a_card_is_about_whom_the_plan_knows_by(values, addresses):
    found = merge([CTO, WEI], [Card(2, values, addresses)], FIELDS, defaults={})
    assert found.lines == {"wei": 2}
    assert found.added == []


def test_two_rows_about_one_are_told():
    found = merge([WEI], [Card(2, {"key": "wei"}), Card(3, {"name": "Wei Chen"})], FIELDS, defaults={})
    assert [(one.line, "wei" in one.words) for one in found.wrong] == [(3, True)]


def test_new_ones_get_keys_that_nobody_has():
    cards = [Card(2, {"name": "Wei!"}), Card(3, {"name": "陈"}, [{"kind": "email", "address": "Li.Na@company.cn"}])]
    found = merge([WEI], [*cards, Card(4, {"name": "李"})], FIELDS, defaults={"kind": "person"})
    assert found.added == ["wei-2", "li-na", "contact"]
    assert found.entries[0] == WEI


def test_what_is_given_is_not_changed_by_merging():
    before = repr(WEI)
    merge([WEI], [Card(2, {"key": "wei", "name": "X"}, replaces=ALL_KINDS)], FIELDS, defaults={})
    assert repr(WEI) == before

"""What a lean table makes of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.template.loader import render_to_string
from django.utils.html import format_html
from django_tables2.utils import A

from dr_console.web.paging import Page
from dr_console.web.tables import (
    CodeColumn,
    Column,
    ConsoleTable,
    DurationColumn,
    LinesColumn,
    MomentColumn,
    NumberColumn,
    PageData,
    SeverityColumn,
    StateColumn,
    YesNoColumn,
)


@dataclass
class Row:
    name: str = "Tokyo"
    count: int = 1200
    severity: str = "P1"
    state: str = "done"
    at: datetime | None = None
    took: timedelta | None = None
    note: str = ""
    on: bool = True

    def get_absolute_url(self) -> str:
        return f"/rows/{self.name}/"


class RowTable(ConsoleTable):
    caption = "Rows"
    name = Column(linkify=True)
    count = NumberColumn()
    severity = SeverityColumn()
    state = StateColumn(states={"done": "ok", "broken": "failed"})
    at = MomentColumn()
    took = DurationColumn()
    note = LinesColumn()
    on = YesNoColumn()

    def render_note(self, value: str, record: Row) -> str:
        return f"{record.name}: {value}"


def body(*rows: Any, table: type[ConsoleTable] = RowTable) -> str:
    return table(list(rows)).body()


def test_the_first_column_is_the_heading_of_the_row():
    assert body(Row()).startswith('<tr role="row"><th scope="row" role="rowheader" class="" data-label="Name">')


def test_cells_are_named_for_narrow_screens():
    assert 'data-label="Severity"' in body(Row())


def test_links_states_and_severities_come_out_as_they_should():
    html = body(Row(state="broken", at=datetime(2025, 1, 10, 14, 30, tzinfo=UTC), took=timedelta(minutes=65)))
    assert '<a href="/rows/Tokyo/">Tokyo</a>' in html
    assert "P1 High" in html
    assert 'class="state st-failed"' in html
    assert "2025-01-10 14:30 UTC" in html
    assert "1 h 5 min" in html


def test_a_state_without_a_place_in_the_table_is_unknown_rather_than_good():
    assert "st-unknown" in body(Row(state="surprising"))


def test_what_people_wrote_is_escaped():
    assert "&lt;script&gt;" in body(Row(name="<script>"))
    assert "<script>" not in body(Row(note="<script>"))


def test_html_that_a_column_made_is_kept():
    class Bold(ConsoleTable):
        name = Column()

        def render_name(self, value: str) -> str:
            return format_html("<b>{}</b>", value)

    assert "<b>&lt;i&gt;</b>" in body(Row(name="<i>"), table=Bold)


def test_a_missing_value_is_a_dash():
    assert ">—</td>" in body(Row())


def test_rows_may_be_dictionaries_and_reach_deeper():
    class Deep(ConsoleTable):
        key = CodeColumn(accessor=A("region__key"))

    assert "<code>tokyo</code>" in body({"region": {"key": "tokyo"}}, table=Deep)


def test_rows_may_carry_attributes():
    class Marked(ConsoleTable):
        name = Column()

        class Meta:
            row_attrs = {"id": lambda record: f"row-{record.name}"}

    assert '<tr role="row" id="row-Tokyo" class="even">' in body(Row(), table=Marked)


def test_a_word_among_choices_is_shown_as_django_displays_it():
    class Factors(ConsoleTable):
        type = Column()
        kind = StateColumn(accessor="type", states={"totp": "ok"})

    html = body(Authenticator(type=Authenticator.Type.TOTP), table=Factors)
    assert ">TOTP Authenticator</th>" in html
    assert "st-ok" in html
    assert "TOTP Authenticator</span>" in html


def test_headings_are_the_names_of_the_model_s_fields():
    class People(ConsoleTable):
        is_staff = Column()

    (heading,) = People(PageData(Page([], None, None), User)).headings
    assert heading.label == "Staff status"


def test_rows_keep_the_order_that_they_came_in():
    table = RowTable([Row("b"), Row("a")], order_by="name")
    assert [row.record.name for row in table.rows] == ["b", "a"]
    assert [(heading.name, heading.sorted) for heading in table.headings][0] == ("name", "ascending")


def test_a_table_without_a_listing_has_headings_but_nothing_to_sort_by():
    html = render_to_string("tables/table.html", {"table": RowTable([Row()]), "listing": None})
    assert 'scope="col"' in html
    assert "<caption" in html
    assert "sort=" not in html

"""Walk lists from both ends, in every order, with ties, gaps and NULLs; nothing may be lost or seen twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.signing import Signer
from django.db import connection
from django.db.models import F
from django.db.models.functions import Length
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dr_console.audit.models import AuditEntry
from dr_console.audit.services import record
from dr_console.web.paging import BrokenCursor, Order, Page, keyset_page

pytestmark = pytest.mark.django_db

NOON = datetime(2025, 1, 10, 12, tzinfo=UTC)
ORDERS = [
    "pk", "-pk", "username", "-username", "is_active", "-is_active", "date_joined", "-date_joined", "last_login",
    "-last_login",
]  # fmt: skip


def people(*logins: int | None) -> None:
    """People who logged in so many microseconds after noon, or never; every third one is inactive."""
    User.objects.all().delete()
    User.objects.bulk_create(
        User(
            username=f"person-{(index * 7) % 13}-{index}",
            is_active=bool(index % 3),
            date_joined=NOON + timedelta(microseconds=index // 2),
            last_login=None if login is None else NOON + timedelta(microseconds=login),
        )
        for index, login in enumerate(logins)
    )


def names(rows: list[User]) -> list[str]:
    return [row.username for row in rows]


def in_order(order: Order) -> list[str]:
    """All of them, as the database itself sorts them."""
    terms = [F(order.path), F("pk")]
    by = [term.desc() if order.descending else term.asc() for term in terms]
    return names(list(User.objects.order_by(*by)))


def forward(order: Order, rows: int) -> list[Page[User]]:
    pages = [keyset_page(User.objects.all(), order, rows=rows)]
    while pages[-1].next:
        pages.append(keyset_page(User.objects.all(), order, pages[-1].next, rows=rows))
    return pages


@pytest.mark.parametrize("text", ORDERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(logins=st.lists(st.none() | st.integers(0, 3), max_size=14), rows=st.integers(1, 5))
def test_every_row_is_seen_once_and_in_order_from_either_end(text, logins, rows):
    people(*logins)
    order = Order.parse(text)
    pages = forward(order, rows)
    assert sum((names(page.rows) for page in pages), []) == in_order(order)

    page = pages[-1]
    seen = names(page.rows)
    while page.previous:
        page = keyset_page(User.objects.all(), order, page.previous, rows=rows)
        # The way back may meet the first page elsewhere: it is always full.
        seen = [name for name in names(page.rows) if name not in seen] + seen
    assert seen == in_order(order)
    assert page.rows == pages[0].rows


def test_the_first_page_has_nothing_before_it_and_the_last_nothing_after():
    people(*range(5))
    pages = forward(Order("username"), 2)
    assert [bool(page.previous) for page in pages] == [False, True, True]
    assert [bool(page.next) for page in pages] == [True, True, False]


def test_an_empty_list_is_one_empty_page():
    people()
    assert keyset_page(User.objects.all(), Order("username")) == Page([], None, None)


def test_a_row_that_comes_or_goes_elsewhere_shifts_nothing():
    people(*range(6))
    first = keyset_page(User.objects.all(), Order("date_joined"), rows=2)
    first.rows[0].delete()
    User.objects.create(username="early", date_joined=NOON - timedelta(days=1))
    second = keyset_page(User.objects.all(), Order("date_joined"), first.next or "", rows=2)
    assert names(second.rows) == in_order(Order("date_joined"))[2:4]


def test_the_page_is_found_when_the_row_that_it_starts_after_is_gone():
    people(*range(6))
    wanted = in_order(Order("date_joined", descending=True))[2:4]
    first = keyset_page(User.objects.all(), Order("date_joined", descending=True), rows=2)
    first.rows[-1].delete()
    second = keyset_page(User.objects.all(), Order("date_joined", descending=True), first.next or "", rows=2)
    assert names(second.rows) == wanted


def test_where_nothing_is_left_the_list_begins_at_its_top():
    people(*range(4))
    first = keyset_page(User.objects.all(), Order("pk"), rows=2)
    User.objects.filter(pk__gt=first.rows[-1].pk).delete()
    assert keyset_page(User.objects.all(), Order("pk"), first.next or "", rows=2).rows == first.rows


def test_microseconds_are_kept():
    people(1, 2, 3)
    first = keyset_page(User.objects.all(), Order("last_login"), rows=1)
    assert keyset_page(User.objects.all(), Order("last_login"), first.next or "", rows=1).rows[0].last_login == (
        NOON + timedelta(microseconds=2)
    )


def test_a_column_of_another_row_sorts_too():
    names_of_apps = []
    page = keyset_page(Permission.objects.select_related("content_type"), Order("content_type__app_label"), rows=10)
    while True:
        names_of_apps += [row.content_type.app_label for row in page.rows]
        if not page.next:
            break
        page = keyset_page(Permission.objects.all(), Order("content_type__app_label"), page.next, rows=10)
    assert len(names_of_apps) == Permission.objects.count()
    assert names_of_apps == sorted(names_of_apps)


@pytest.mark.parametrize("path", ["actor", "actor__username"])
@pytest.mark.parametrize("descending", [False, True])
def test_a_row_without_the_other_row_is_not_lost(path, descending):
    ada, bob = User.objects.create(username="ada"), User.objects.create(username="bob")
    for by in (ada, None, bob, None, ada, bob, None):
        record("person.changed", by=by, target="person")
    everything = AuditEntry.objects.filter(action="person.changed")
    seen: list[int] = []
    page = keyset_page(everything, Order(path, descending), rows=2)
    while True:
        seen += [row.pk for row in page.rows]
        if not page.next:
            break
        page = keyset_page(everything, Order(path, descending), page.next, rows=2)
    assert len(seen) == 7
    assert set(seen) == set(everything.values_list("pk", flat=True))


def test_a_computed_column_sorts_too():
    people(*range(12))
    queryset = User.objects.annotate(letters=Length("username"))
    page = keyset_page(queryset, Order("letters", descending=True), rows=7)
    rest = keyset_page(queryset, Order("letters", descending=True), page.next or "", rows=7)
    lengths = [len(row.username) for row in page.rows + rest.rows]
    assert lengths == sorted(lengths, reverse=True)
    assert len(lengths) == 12


def test_one_comparison_of_two_values_finds_the_page():
    people(*range(6))
    first = keyset_page(User.objects.all(), Order("username"), rows=2)
    with CaptureQueriesContext(connection) as queries:
        keyset_page(User.objects.all(), Order("username"), first.next or "", rows=2)
    (query,) = queries.captured_queries
    assert '("auth_user"."username", "auth_user"."id") > (' in query["sql"]
    assert " OR " not in query["sql"]
    assert "COUNT" not in query["sql"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "x:y",
        Signer(salt="dr_console.web.paging").sign_object(["username", True, "a", "many"]),
        Signer(salt="dr_console.web.paging").sign_object(["username", True]),
        Signer(salt="dr_console.web.paging").sign_object(["-username", True, "a", "1"]),
        Signer(salt="of something else").sign_object(["username", True, "a", "1"]),
    ],
)
def test_a_broken_cursor_is_refused(cursor):
    with pytest.raises(BrokenCursor):
        keyset_page(User.objects.all(), Order("username"), cursor)

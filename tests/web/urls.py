"""The console's own addresses, and pages that only the tests of dr_console.web open."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_POST

from dr_console.errors import Refused
from dr_console.web import views as web
from dr_console.web.access import needs
from dr_console.web.filters import ConsoleFilterSet, SearchFilter, SinceFilter, YesNoFilter
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest
from dr_console.web.tables import Column, ConsoleTable, MomentColumn, YesNoColumn

handler400 = "dr_console.web.views.bad_request"
handler403 = "dr_console.web.views.permission_denied"
handler404 = "dr_console.web.views.page_not_found"
handler500 = "dr_console.web.views.server_error"


class UserTable(ConsoleTable):
    caption = "People"

    username = Column(verbose_name="Login")
    email = Column(verbose_name="Address", orderable=False)
    joined = MomentColumn(accessor="date_joined")
    last_login = MomentColumn()
    is_active = YesNoColumn(verbose_name="Active")

    class Meta:
        order_by = "username"
        empty_text = "Nobody yet."


class UserFilters(ConsoleFilterSet):
    q = SearchFilter("username", "email")
    active = YesNoFilter("is_active", label="Active")
    since = SinceFilter("date_joined")


def users(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=User.objects.all(),
        table_class=UserTable,
        filterset_class=UserFilters,
        template="web/list.html",
    )


def nobody(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=User.objects.none(),
        table_class=UserTable,
        filterset_class=UserFilters,
        template="web/list.html",
    )


def home(request: ConsoleRequest) -> HttpResponse:
    return HttpResponse("home")


def refuse(request: ConsoleRequest) -> HttpResponse:
    raise Refused("ada has already ticked “Confirm the scope”.")


async def refuse_later(request: ConsoleRequest) -> HttpResponse:
    raise Refused("Not now.")


def break_down(request: ConsoleRequest) -> HttpResponse:
    raise RuntimeError("a mistake of ours")


def broken(request: ConsoleRequest) -> HttpResponse:
    return HttpResponse(
        '<!doctype html><html lang="fr"><title>Broken</title><main><h1>Broken</h1>'
        f'<img src="https://elsewhere.example/x.png"><p><b>{"wide" * 200}</b></p>'
        '<p style="color: red">inline</p><p>fine</p></main>'
    )


@require_POST
def only_post(request: ConsoleRequest) -> HttpResponse:
    return HttpResponse("done")


@needs("audit.view_auditentry")
def guarded(request: ConsoleRequest) -> HttpResponse:
    return HttpResponse("come in")


urlpatterns = [
    path("", home, name="home"),
    path("", include("dr_console.web.urls")),
    path("", include("dr_console.operations.urls")),
    path("accounts/", include("allauth.urls")),
    path("live/", include("dr_console.live.urls")),
    path("people/", include("dr_console.people.urls")),
    path("language/", web.choose_language, name="set_language"),
    path("users/", users, name="users"),
    path("nobody/", nobody, name="nobody"),
    path("refuse/", refuse, name="refuse"),
    path("refuse-later/", refuse_later, name="refuse-later"),
    path("break/", break_down, name="break"),
    path("broken/", broken, name="broken"),
    path("only-post/", only_post, name="only-post"),
    path("guarded/", guarded, name="guarded"),
]

"""Pages that belong to no app: errors, the palette, the choice of language and look, the style guide."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language

from dr_console.roles import ROLES
from dr_console.web import navigation
from dr_console.web.access import PermissionMissing, roles_that_may
from dr_console.web.choices import THEME_COOKIE, THEMES, cookie_options, keep_choice
from dr_console.web.middleware import way_back
from dr_console.web.requests import ConsoleRequest
from dr_console.web.responses import say
from dr_console.web.styleguide import components


@require_GET
def palette(request: ConsoleRequest) -> HttpResponse:
    """Ctrl-K: go anywhere, and act on what is in view, by typing. A page of its own where there is no JavaScript."""
    text, at = request.GET.get("q", "").strip()[:100], _in_view(request)
    context = {"text": text, "at": at, "results": navigation.find(request.user, text, at=at)}
    partial = request.htmx and not request.htmx.history_restore_request
    return render(request, "_palette_results.html" if partial else "palette.html", context)


def _in_view(request: ConsoleRequest) -> str:
    """Path of the page from which the palette was opened."""
    asked: str = request.GET.get("at") or request.htmx.current_url_abs_path or urlsplit(way_back(request)).path
    return urlsplit(asked).path if asked.startswith("/") else ""


@require_GET
def style_guide(request: ConsoleRequest) -> HttpResponse:
    """Every part that pages are made of, on one page: for whoever writes pages, and for the tests of the look."""
    return render(request, "style_guide.html", components(request))


@require_POST
@login_not_required
def choose_language(request: HttpRequest) -> HttpResponse:
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        raise BadRequest(_("The console does not speak “%(language)s”.") % {"language": language})
    keep_choice(request, "language", language)
    return set_language(request)


@require_POST
@login_not_required
def choose_theme(request: HttpRequest) -> HttpResponse:
    theme = request.POST.get("theme", "")
    if theme not in THEMES:
        raise BadRequest(_("There is no look called “%(theme)s”.") % {"theme": theme})
    keep_choice(request, "theme", theme)
    response = HttpResponseRedirect(way_back(request))
    response.set_cookie(THEME_COOKIE, theme, **cookie_options())
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    # Only a BadRequest of ours says something for people; Django's own name what an attacker sent.
    text = str(exception) if isinstance(exception, BadRequest) else ""
    return _error(request, 400, text or _("The console cannot understand this address or form."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not isinstance(exception, PermissionMissing):
        return _error(request, 403, _("This page is not for you. An administrator can change that."))
    roles = [str(label) for label in roles_that_may(exception.permission)]
    text = _("This takes one of the roles: %(roles)s.") % {"roles": ", ".join(roles)} if roles else ""
    return _error(request, 403, text or _("Nobody may do this."), roles=_roles_of(request))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error(
        request, 404, _("There is nothing at this address. It may have been mistyped, or what it named is gone.")
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    text = _(
        "This form cannot be trusted to come from you: it was open for too long, or the browser sends no cookies. "
        "Nothing was changed. Go back, reload the page and try again."
    )
    return _error(request, 403, text)


def server_error(request: HttpRequest) -> HttpResponse:
    """Stands without the database, without knowing who asks, and without any other template than its own."""
    if getattr(request, "htmx", False):
        text = _("The console has made a mistake. What you did may not have been done: reload the page and look.")
        response = HttpResponse(render_to_string("_message.html", {"level": "error", "text": text}), status=500)
        response["HX-Retarget"], response["HX-Reswap"] = "#messages", "innerHTML"
        return response
    return HttpResponse(render_to_string("500.html"), status=500)


def _error(request: HttpRequest, status: int, text: str, **context: Any) -> HttpResponse:
    if getattr(request, "htmx", False):
        return say(request, text, status=status)
    try:
        return render(request, f"{status}.html", {"text": text, "back": way_back(request), **context}, status=status)
    finally:
        # Under ASGI, Django draws error pages in a thread of its own choice, whose connection nobody else would close.
        for connection in connections.all(initialized_only=True):
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()


def _roles_of(request: HttpRequest) -> list[str]:
    names = request.user.groups.values_list("name", flat=True)
    return [str(ROLES[name].label) for name in names if name in ROLES]

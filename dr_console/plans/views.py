"""The plan as a whole, its versions, and the forms of its entries."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dr_console.plans import services
from dr_console.plans.doubts import Unaccepted
from dr_console.plans.forms import PartForm, entry_form
from dr_console.plans.models import PlanVersion
from dr_console.plans.notation import written
from dr_console.plans.pages import page_of
from dr_console.plans.problems import PlanError
from dr_console.plans.queries import changes_between, current_number, entry_now, file_of, overview, reference_choices
from dr_console.plans.registry import Section, section, sections
from dr_console.plans.tables import VersionTable
from dr_console.web.access import PermissionMissing, needs
from dr_console.web.listing import list_page
from dr_console.web.requests import ConsoleRequest

ACCEPTED_AS = "accepted_as"


@require_GET
@needs("plans.view_plan")
def plan_overview(request: ConsoleRequest) -> HttpResponse:
    return render(request, "plans/overview.html", {"overview": overview()})


@require_GET
@needs("plans.view_plan")
def version_list(request: ConsoleRequest) -> HttpResponse:
    return list_page(
        request,
        queryset=PlanVersion.objects.select_related("by").defer("content"),
        table_class=VersionTable,
        template="plans/version_list.html",
    )


@require_GET
@needs("plans.view_plan")
def version_detail(request: ConsoleRequest, number: int) -> HttpResponse:
    version = get_object_or_404(PlanVersion.objects.select_related("by"), number=number)
    return render(request, "plans/version_detail.html", {"version": version, "text": file_of(version)})


@require_GET
@needs("plans.view_plan")
def version_file(request: ConsoleRequest, number: int) -> HttpResponse:
    version = get_object_or_404(PlanVersion, number=number)
    response = HttpResponse(file_of(version), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="plan-v{number}.yaml"'
    return response


@require_GET
@needs("plans.view_plan")
def version_compare(request: ConsoleRequest) -> HttpResponse:
    to = _version(request, "to", current_number())
    old = _version(request, "from", max(to.number - 1, 1))
    context = {
        "old": old,
        "new": to,
        "changes": changes_between(old, to),
        "numbers": PlanVersion.objects.values_list("number", flat=True)[:200],
    }
    return render(request, "plans/version_compare.html", context)


def _version(request: ConsoleRequest, name: str, otherwise: int) -> PlanVersion:
    text = request.GET.get(name) or str(otherwise)
    number = _number(text)
    if number is None:
        raise BadRequest(_("“%(text)s” is not the number of a version.") % {"text": text})
    return get_object_or_404(PlanVersion, number=number)


def _number(text: str) -> int | None:
    """The number of a version as somebody sent it; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


@require_http_methods(["GET", "POST"])
@needs("plans.view_plan")
def entry_edit(request: ConsoleRequest, name: str, key: str = "") -> HttpResponse:
    """Change one entry, or the one mapping of a section that has no entries."""
    part = _section(request, name, single=not key)
    known = entry_now(part, key)
    if known is None:
        raise Http404
    return _answer(request, part, key, known)


@require_http_methods(["GET", "POST"])
@needs("plans.view_plan")
def entry_add(request: ConsoleRequest, name: str) -> HttpResponse:
    return _answer(request, _section(request, name, single=False), "", None)


def _answer(request: ConsoleRequest, part: Section, key: str, known: dict[str, Any] | None) -> HttpResponse:
    """The form of an entry, or what comes of sending it. `known` is the entry as it stands, where there is one."""
    choices = reference_choices(part)
    if request.method == "GET":
        return _form(request, part, key, entry_form(part, choices, known=known, key=key), current_number())
    form, base = entry_form(part, choices, data=request.POST, key=key), _base(request)
    if request.POST.get("more"):
        return _form(request, part, key, form, base)
    document = form.document()
    try:
        version = _save(request, part, key, document, base)
    except PlanError as error:
        place = (part.name, str(document.get("key", "")) or key) if part.many else (part.name,)
        form.show(error.within(*place))
        others = [str(problem) for problem in error.elsewhere(*place)]
        return _form(request, part, key, form, base, others, status=422)
    except Unaccepted as doubtful:
        return _form(request, part, key, form, base, doubtful=doubtful, status=422)
    if version.number == base:
        messages.info(request, _("Nothing was changed."))
    else:
        messages.success(request, _("Saved as version %(number)d.") % {"number": version.number})
    return redirect(page_of(part.name))


def _save(request: ConsoleRequest, part: Section, key: str, document: dict[str, Any], base: int) -> PlanVersion:
    name = request.POST.get(ACCEPTED_AS, "")[:200]
    if not part.many:
        return services.edit_single(part.name, document, base_version=base, by=request.user, accepted_as=name)
    if not key:
        return services.add_entry(part.name, document, by=request.user, accepted_as=name)
    return services.edit_entry(part.name, key, document, base_version=base, by=request.user, accepted_as=name)


@require_http_methods(["GET", "POST"])
@needs("plans.view_plan")
def entry_remove(request: ConsoleRequest, name: str, key: str) -> HttpResponse:
    part = _section(request, name, single=False)
    known = entry_now(part, key)
    if known is None:
        raise Http404
    problems: list[str] = []
    if request.method == "POST":
        try:
            version = services.remove_entry(name, key, base_version=_base(request), by=request.user)
        except PlanError as error:
            problems = [str(problem) for problem in error.problems]
        else:
            text = _("Removed %(key)s. The plan is version %(number)d now.") % {"key": key, "number": version.number}
            messages.success(request, text)
            return redirect(page_of(name))
    context = {
        "section": part,
        "key": key,
        "text": written(known, heading=""),
        "base": current_number(),
        "problems": problems,
    }
    return render(request, "plans/entry_remove.html", context, status=422 if problems else 200)


@require_POST
@needs("plans.view_plan")
def entry_move(request: ConsoleRequest, name: str, key: str) -> HttpResponse:
    _section(request, name, single=False)
    if request.POST.get("to") not in ("up", "down"):
        raise BadRequest(_("An entry moves up or down."))
    services.move_entry(name, key, up=request.POST["to"] == "up", by=request.user)
    return redirect("plans:edit", name, key)


def _section(request: ConsoleRequest, name: str, *, single: bool) -> Section:
    """The section of that name, which the person may change."""
    if name not in {one.name for one in sections()}:
        raise Http404
    found = section(name)
    if found.many == single:
        raise Http404
    if not request.user.has_perm(found.permission):
        raise PermissionMissing(found.permission)
    return found


def _base(request: ConsoleRequest) -> int:
    """Number of the version that the person saw when they opened the form."""
    number = _number(request.POST.get("base", ""))
    if number is None:
        raise BadRequest(_("The form does not say which version of the plan it started from. Open it again."))
    return number


def _form(
    request: ConsoleRequest,
    part: Section,
    key: str,
    form: PartForm,
    base: int,
    problems: list[str] | None = None,
    status: int = 200,
    doubtful: Unaccepted | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "section": part,
        "key": key,
        "form": form,
        "base": base,
        "problems": problems or [],
        "doubtful": doubtful,
        "back": page_of(part.name),
    }
    return render(request, "plans/entry_form.html", context, status=status)

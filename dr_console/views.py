"""The door to the API."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
@login_not_required
def api(request: HttpRequest, path: str) -> HttpResponse:
    """Whatever lies below it. Imported with the first call: every process knows the addresses of the pages, and none
    but the one that programs call needs to hold five more megabytes for it.
    """
    response: HttpResponse = import_string("dr_console.api.answer")(request, path)
    return response

"""One page that writes."""

from __future__ import annotations

import secrets

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from benchmarks.writing.writes import write


def page(request: HttpRequest) -> HttpResponse:
    try:
        write(f"web-{secrets.randbelow(20)}")
    except OperationalError as error:
        return HttpResponse(str(error), status=503)
    return HttpResponse("written\n")


urlpatterns = [path("write", page)]

"""Every page, by room."""

from __future__ import annotations

from django.urls import include, path

from dr_console.web import views as web
from incidents.views.home import home

handler400 = "dr_console.web.views.bad_request"
handler403 = "dr_console.web.views.permission_denied"
handler404 = "dr_console.web.views.page_not_found"
handler500 = "dr_console.web.views.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("", include("dr_console.operations.urls")),
    path("", include("dr_console.web.urls")),
    path("accounts/", include("allauth.urls")),
    path("live/", include("dr_console.live.urls")),
    path("people/", include("dr_console.people.urls")),
    path("audit/", include("dr_console.audit.urls")),
    path("plan/", include("dr_console.plans.urls")),
    path("incidents/", include("incidents.urls")),
    path("backups/", include("backups.urls")),
    path("drills/", include("drills.urls")),
    path("language/", web.choose_language, name="set_language"),
]

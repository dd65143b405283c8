"""Every page, by room."""

from __future__ import annotations

from django.urls import include, path

from dr_console import home, views
from dr_console.web import views as web

handler400 = "dr_console.web.views.bad_request"
handler403 = "dr_console.web.views.permission_denied"
handler404 = "dr_console.web.views.page_not_found"
handler500 = "dr_console.web.views.server_error"

urlpatterns = [
    path("", home.home, name="home"),
    path("home/objectives/", home.objectives_panel, name="objectives-panel"),
    path("home/alarms/", home.alarms_panel, name="alarms-panel"),
    path("home/not-ready/", home.not_ready_panel, name="not-ready-panel"),
    path("", include("dr_console.operations.urls")),
    path("", include("dr_console.web.urls")),
    path("accounts/", include("dr_console.people.account_urls")),
    path("live/", include("dr_console.live.urls")),
    path("api/v1/<path:path>", views.api, name="api"),
    path("people/", include("dr_console.people.urls")),
    path("audit/", include("dr_console.audit.urls")),
    path("sandbox/", include("dr_console.sandbox_page.urls")),
    path("plan/", include("dr_console.plans.urls")),
    path("runs/", include("dr_console.runs.urls")),
    path("deliveries/", include("dr_console.notifications.urls")),
    path("", include("dr_console.notifications.callbacks.urls")),
    path("", include("incidents.urls")),
    path("backups/", include("backups.urls")),
    path("drills/", include("drills.urls")),
    path("language/", web.choose_language, name="set_language"),
]

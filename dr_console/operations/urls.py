"""Addresses of the console's own health, and of the vendors' checks. The first four are fixed by custom."""

from __future__ import annotations

from django.urls import path

from dr_console.operations import views

app_name = "operations"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("healthz/engine", views.engine, name="engine"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.prometheus, name="metrics"),
    path("readiness/", views.vendors, name="readiness"),
    path("readiness/vendors/", views.vendors_panel, name="vendors-panel"),
    path("readiness/check/", views.check_vendors, name="check-vendors"),
    path("data-age/", views.data_age, name="data-age"),
    path("watchdog/", views.watchdog, name="watchdog"),
]

"""Addresses of the console's own health. The first three are fixed by custom, not by us."""

from __future__ import annotations

from django.urls import path

from dr_console.operations import views

app_name = "operations"
urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.prometheus, name="metrics"),
    path("data-age/", views.data_age, name="data-age"),
]

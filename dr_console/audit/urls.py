"""Addresses of the audit log."""

from __future__ import annotations

from django.urls import path

from dr_console.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.log, name="log"),
    path("export/", views.export, name="export"),
]

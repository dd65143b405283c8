"""Addresses of everything about backups."""

from __future__ import annotations

from django.urls import path

from backups import views

app_name = "backups"
urlpatterns = [
    path("", views.policy_list, name="policies"),
    path("recovery-points/", views.recovery_points_panel, name="recovery-points-panel"),
]

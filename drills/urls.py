"""Addresses of everything about drills."""

from __future__ import annotations

from django.urls import path

from drills import views

app_name = "drills"
urlpatterns = [
    path("", views.drill_calendar, name="calendar"),
    path("next/", views.next_drill_panel, name="next-panel"),
]

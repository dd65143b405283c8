"""Addresses of runs. The first word after a run's code is what it is told."""

from __future__ import annotations

from django.urls import path

from dr_console.runs import views

app_name = "runs"
urlpatterns = [
    path("", views.run_list, name="list"),
    path("<slug:code>/", views.run_detail, name="detail"),
    path("<slug:code>/panel/", views.run_panel, name="panel"),
    path("<slug:code>/events/", views.run_events, name="events"),
    path("<slug:code>/newest/", views.newest_events, name="newest-events"),
    path("<slug:code>/tell/<slug:verb>/", views.tell_run, name="tell"),
    path("<slug:code>/steps/<str:key>/look/", views.look_at_step, name="look-at-step"),
    path("<slug:code>/steps/<str:key>/<slug:verb>/", views.tell_step, name="tell-step"),
]

"""The address of the streams."""

from __future__ import annotations

from django.urls import path

from dr_console.live.stream import stream

app_name = "live"
urlpatterns = [path("<slug:topic>/", stream, name="stream")]

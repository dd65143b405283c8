"""Addresses that vendors, and people without a login, answer at. What stands in them is signed."""

from __future__ import annotations

from django.urls import path

from dr_console.notifications.callbacks.views import calls, channels, link, vendors

app_name = "callbacks"
urlpatterns = [
    path("answer/<str:token>/", link.answer, name="answer"),
    path("deliveries/channels/", channels.overview, name="channels"),
    path("deliveries/channels/subscribe/", channels.subscribe, name="subscribe"),
    path("callbacks/pagerduty/", vendors.pagerduty_hook, name="pagerduty"),
    path("callbacks/slack/", vendors.slack_hook, name="slack"),
    path("callbacks/twilio/keys/<str:token>/", calls.twilio_keys, name="twilio-keys"),
    path("callbacks/twilio/status/<str:token>/", calls.twilio_status, name="twilio-status"),
    path("callbacks/voice/keys/<str:token>/", calls.voice_keys, name="voice-keys"),
    path("callbacks/voice/status/<str:token>/", calls.voice_status, name="voice-status"),
]

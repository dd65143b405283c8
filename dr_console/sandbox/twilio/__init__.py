"""Twilio as it answers: calls with their states, TwiML, keys that are pressed, and text messages."""

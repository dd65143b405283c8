"""Slack as it answers: the Web API, incoming webhooks, and what it sends when somebody presses a button."""

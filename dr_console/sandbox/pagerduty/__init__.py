"""PagerDuty as it answers: Events v2, REST v2, and webhooks v3 sent back."""

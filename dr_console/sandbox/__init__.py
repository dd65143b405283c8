"""A pretend cloud on the other side of the wire: it imports nothing of ours, and only its command starts it."""

"""The doors that answers come in by."""

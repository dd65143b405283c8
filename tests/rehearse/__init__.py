"""Rehearsals: what is judged, what is shown, and whole ones from break to report."""

"""What the benchmark of detection compares: the console, and the watchers of Debian."""

"""What the benchmark of health checks asks, and its peers."""

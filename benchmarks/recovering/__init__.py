"""What the benchmark of recoveries compares: the plan's own script, the least that it takes, and the console."""

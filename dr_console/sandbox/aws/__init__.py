"""AWS in the pretend world: moto behind a layer that adds time, quotas and faults, and supplies what moto lacks."""

"""AWS: what it can do for us, one module a capability."""

"""What we need from a cloud, by capability rather than by vendor: one file a capability, each a Protocol and its nouns.

Every method takes `deadline` and raises ProviderError, and nothing else, when a cloud says no.
"""

"""The clouds' clients: one Protocol a capability, one module a vendor. All that speaks to a vendor is in here."""

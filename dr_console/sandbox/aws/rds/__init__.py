"""RDS: moto's instances and snapshots, which take time here, have quotas, and hold the product's data."""

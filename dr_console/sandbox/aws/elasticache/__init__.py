"""ElastiCache: groups, nodes and snapshots of our own, as moto's are finished at once and know no NodeSnapshots."""

"""Who does what when, where processes share the practices of a PostgreSQL."""

SHARDS, CONCURRENCY = 8, 16  # of `run`, where nothing else is asked for (docs/scale.md)

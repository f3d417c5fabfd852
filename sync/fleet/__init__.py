"""Who does what when, where processes share the practices of a PostgreSQL."""

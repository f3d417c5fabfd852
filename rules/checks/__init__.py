"""Everything that is wrong with or worth knowing about one event: one file a group of checks."""

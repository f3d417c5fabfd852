"""Our part in her calendars: edits, notices, deletions, and whether we may write."""

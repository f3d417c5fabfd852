"""What would be done, without doing it: `attitre audit`, `sync --dry-run`."""

"""Shows what would be written and sent: `attitre audit`, `sync --dry-run`."""

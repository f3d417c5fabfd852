"""The local copy follows the calendar: differences, tombstones, tokens, failures, reconciliation."""

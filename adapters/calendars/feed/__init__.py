"""Calendar feeds: one .ics file behind an address, read only."""

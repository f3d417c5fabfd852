"""CalDAV (RFC 4791, 6578)."""

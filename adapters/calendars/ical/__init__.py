"""iCalendar (RFC 5545): read, unfolded in time, and changed octet by octet. Shared by all."""

"""Google Calendar, through its API."""

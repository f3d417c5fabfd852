"""Google's calendars, through their API."""

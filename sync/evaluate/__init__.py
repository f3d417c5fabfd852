"""A changed resource becomes bookings: read, compared with the house, applied."""

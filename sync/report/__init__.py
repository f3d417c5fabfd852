"""Explains and counts: reads the store, changes nothing."""

"""Reads what was typed into an event as an entry: title, description, labels, answers."""

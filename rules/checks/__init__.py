"""Checks of one event: what is wrong with it or worth knowing. One file for each group of checks."""

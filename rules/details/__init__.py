"""The details of a person as typed: the value, or what is wrong with it."""

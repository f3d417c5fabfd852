"""How fast a pass is, against the least that a Python process could do: `make bench`."""

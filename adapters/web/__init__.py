"""What listens: a driving adapter. It knows the paths and the wire; what is asked and done, an `Office` answers.

`office` is the protocol that `sync` implements, `pages` the paths (added in one place), `guard` what holds for all of
them, `metrics` the numbers' form, `listener` the socket and the thread.
"""

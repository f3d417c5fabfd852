"""Who does what when, where processes share the practices of a PostgreSQL."""

ANSWERED_WITHIN_S = 15.0  # half of a lease: whoever waits longer for its renewal loses it, and is to say so
SHARDS, CONCURRENCY = 8, 16  # of `run`, where nothing else is asked for (docs/scale.md)


def connections(concurrency: int) -> int:
    """To a PostgreSQL, for so many practices at a time (docs/scale.md#postgresql): what is heard or read beside a turn
    has its own, and so have pages."""
    return 2 * concurrency + 13

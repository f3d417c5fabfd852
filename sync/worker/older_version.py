"""What a process of an older version wrote after the store was brought up to date is put right: it did not know when an
event is over. Any command of the new version migrates the store, while the older `attitre run` goes on."""

from __future__ import annotations

from datetime import timedelta

from sync.core.context import World
from sync.store import companions, resources

GOES_ON_FOR = timedelta(days=40)  # an older process at most, beside a migrated store


def put_right(world: World) -> None:
    """Note of the unwritable events changed lately when they are over, so that the notices beside them come."""
    since = world.now() - GOES_ON_FOR
    with world.store.read() as tx:  # mostly there is nothing, and so no write
        wrong = companions.misdated(tx, since)
    if not wrong:
        return
    with world.store.write() as tx:
        for place, over_at in wrong.items():
            resources.change(tx, *place, over_at=over_at)

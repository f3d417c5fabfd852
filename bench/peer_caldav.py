"""Runs in the peers' environment: the caldav library follows one calendar and icalendar reads every changed body."""

import json
import sys
from pathlib import Path

import caldav


def main(url: str, file: str) -> None:
    """One pass; the token stays in the file."""
    state = Path(file)
    token = json.loads(state.read_text())["token"] if state.exists() else None
    calendar = caldav.DAVClient(url=url).calendar(url=url)
    changed = calendar.get_objects_by_sync_token(sync_token=token, load_objects=False)
    addresses = [one.url for one in changed if one.url != calendar.url]
    read = 0
    for start in range(0, len(addresses), 500):
        for one in calendar.multiget(addresses[start : start + 500]):
            read += bool(one.icalendar_instance.walk("VEVENT"))
    state.write_text(json.dumps({"token": changed.sync_token, "read": read}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""`events.list` and `events.instances`: filters, series, pages, sync tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from demo.googlestandin.errors import Json, bad, refuse
from demo.googlestandin.moments import duration, instant, parsed, stamp, zone
from demo.googlestandin.recurrence import instances, walls
from demo.googlestandin.state import Calendar, Page, Record, SyncPoint, World
from demo.googlestandin.views import hidden, seen, stub

Params = Mapping[str, Sequence[str]]
NEVER_WITH_TOKEN = ("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMax",
                    "timeMin", "updatedMin")  # fmt: skip
GIVES_NO_TOKEN = ("iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "updatedMin")
NOT_THE_QUERY = ("syncToken", "pageToken", "fields", "alt", "prettyPrint", "key", "quotaUser", "maxResults",
                 "showDeleted", *NEVER_WITH_TOKEN)  # fmt: skip
OLDEST = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Query:
    """One question, read and checked. `since` is the version of its sync token, None for a full list."""

    single: bool
    deleted: bool
    size: int
    lower: datetime | None
    upper: datetime | None
    updated: datetime | None
    since: int | None
    zone: str
    params: Params

    def one(self, name: str) -> str:
        return _one(self.params, name)


def list_events(world: World, calendar: Calendar, email: str, params: Params) -> Json:
    """The page asked for."""
    page = _continued(world, calendar, email, params) if _one(params, "pageToken") else None
    query = _read(world, calendar, email, params)
    if page is None:
        point = SyncPoint(calendar.id, email, world.version, _fingerprint(params))
        with_token = not any(_one(params, name) for name in GIVES_NO_TOKEN)
        page = Page(point, tuple(_items(world, calendar, email, query)), with_token)
    return _envelope(calendar, email, page, query.zone) | _turned(world, page, query.size)


def list_instances(world: World, calendar: Calendar, master: Record, email: str, params: Params) -> Json:
    """The instances of one series, exceptions in their places."""
    query = _read(world, calendar, email, {"singleEvents": ["true"], **params})
    page = _continued(world, calendar, email, params) if _one(params, "pageToken") else None
    if page is None:
        found = (row for row in _expanded(calendar, master, query) if query.deleted or not row.cancelled)
        items = tuple(_shown(world, calendar, row, email, query) for row in found if _in_window(calendar, row, query))
        page = Page(SyncPoint(calendar.id, email, world.version, _fingerprint(params)), items, False)
    return _envelope(calendar, email, page, query.zone) | _turned(world, page, query.size)


# --- reading the question --------------------------------------------------------------------------------------------


def _read(world: World, calendar: Calendar, email: str, params: Params) -> Query:
    token = _one(params, "syncToken")
    single = _flag(params, "singleEvents")
    _compatible(params, token, single)
    lower, upper = _moment(params, "timeMin"), _moment(params, "timeMax")
    if lower and upper and lower >= upper:
        raise bad("timeRangeEmpty", "The specified time range is empty.", "timeMax")
    return Query(
        single, _flag(params, "showDeleted"), _size(params, world.switches.largest_page), lower, upper,
        _updated_min(world, params), _since(world, calendar, email, params) if token else None,
        _one(params, "timeZone") or calendar.zone, params,
    )  # fmt: skip


def _compatible(params: Params, token: str, single: bool) -> None:
    if token:
        for name in NEVER_WITH_TOKEN:
            if _one(params, name):
                raise bad("badRequest", f"Sync token cannot be used with {name}.", name)
        if _one(params, "showDeleted").lower() == "false":
            raise bad("badRequest", "Sync token cannot be used with showDeleted=false.", "showDeleted")
    if _one(params, "orderBy") == "startTime" and not single:
        raise bad("badRequest", "The requested ordering is not available for the particular query.", "orderBy")
    if _one(params, "orderBy") not in ("", "startTime", "updated"):
        raise bad("badRequest", "Bad Request", "orderBy")


def _since(world: World, calendar: Calendar, email: str, params: Params) -> int:
    token = _one(params, "syncToken")
    if token in world.expired:
        raise refuse("fullSyncRequired")
    point = world.points.get(token)
    if point is None or (point.calendar, point.email) != (calendar.id, email):
        raise bad("invalid", "Invalid sync token value.", "syncToken")
    if point.query != _fingerprint(params):
        raise bad("invalid", "Sync token was made by another query: undefined behaviour, refused here.", "syncToken")
    return point.version


def _continued(world: World, calendar: Calendar, email: str, params: Params) -> Page:
    page = world.pages.get(_one(params, "pageToken"))
    if page is None or (page.point.calendar, page.point.email) != (calendar.id, email):
        raise bad("invalid", "Invalid page token value.", "pageToken")
    if page.point.query != _fingerprint(params):
        raise bad("invalid", "Page token was made by another query.", "pageToken")
    return page


def _fingerprint(params: Params) -> tuple[tuple[str, str], ...]:
    """What must stay the same from one request to the next."""
    kept = {name: values for name, values in params.items() if name not in NOT_THE_QUERY}
    return tuple(sorted((name, value) for name, values in kept.items() for value in values))


def _updated_min(world: World, params: Params) -> datetime | None:
    moment = _moment(params, "updatedMin")
    if moment and moment < world.clock() - OLDEST:
        raise refuse("updatedMinTooLongAgo")
    return moment


def _moment(params: Params, name: str) -> datetime | None:
    text = _one(params, name)
    return parsed(text, name) if text else None


def _size(params: Params, largest: int) -> int:
    text = _one(params, "maxResults") or "250"
    if not text.isdigit() or int(text) < 1:
        raise bad("invalidParameter", f"Invalid value '{text}'. Values must be within the range: [1, 2147483647]",
                  "maxResults")  # fmt: skip
    return min(int(text), 2500, largest)


def _one(params: Params, name: str) -> str:
    values = params.get(name, ())
    return values[-1] if values else ""


def _flag(params: Params, name: str) -> bool:
    return _one(params, name).lower() == "true"


# --- finding the events ----------------------------------------------------------------------------------------------


def _items(world: World, calendar: Calendar, email: str, query: Query) -> Iterable[Json]:
    rows = [row for row in calendar.events.values() if query.since is None or row.version > query.since]
    if world.switches.exceptions_first:
        rows.sort(key=lambda row: "recurringEventId" not in row.body)
    found = [row for row in _laid_out(calendar, rows, query) if _wanted(calendar, row, email, query)]
    if query.one("orderBy"):
        found.sort(key=_order(calendar, query))
    return [_shown(world, calendar, row, email, query) for row in found]


def _order(calendar: Calendar, query: Query) -> Callable[[Record], tuple[datetime, int]]:
    if query.one("orderBy") == "updated":
        return lambda row: (parsed(row.body["updated"], ""), row.version)
    return lambda row: (instant(row.body["start"], calendar.zone) if "start" in row.body else _LAST, row.version)


def _laid_out(calendar: Calendar, rows: list[Record], query: Query) -> Iterator[Record]:
    """The rows themselves, or with singleEvents each series' instances instead of the series."""
    for row in rows:
        if query.single and "recurrence" in row.body:
            yield from _expanded(calendar, row, query)
        elif not (query.single and "recurringEventId" in row.body and _laid_with_series(rows, row)):
            yield row


def _laid_with_series(rows: list[Record], row: Record) -> bool:
    return any(other.id == row.body["recurringEventId"] for other in rows)


def _expanded(calendar: Calendar, master: Record, query: Query) -> Iterator[Record]:
    """A series' instances inside the question's window, its exceptions wherever they went."""
    stored = {row.id: row for row in calendar.exceptions(master.id)}
    yield from stored.values()
    for body in instances(master.id, master.body, _reach(master, query)):
        if query.upper and instant(body["start"], calendar.zone) >= query.upper:
            return
        if body["id"] not in stored:
            yield Record(body, master.version, master.bare)


def _reach(master: Record, query: Query) -> datetime | None:
    """The clock time from which instances can still touch the window."""
    if query.lower is None:
        return None
    name = master.body["start"].get("timeZone", "UTC")
    return query.lower.astimezone(zone(name)).replace(tzinfo=None) - duration(master.body) - timedelta(days=1)


def _wanted(calendar: Calendar, row: Record, email: str, query: Query) -> bool:
    body = row.body
    if row.cancelled and not _shows_cancelled(calendar, row, query):
        return False
    if query.updated and parsed(body["updated"], "") < query.updated:
        return False
    types = query.params.get("eventTypes", ())
    if types and body.get("eventType", "default") not in types:
        return False
    if query.one("iCalUID") and body.get("iCalUID") != query.one("iCalUID"):
        return False
    if calendar.role(email) == "freeBusyReader" and body.get("transparency") == "transparent":
        return False
    return _says(calendar, row, email, query) and _in_window(calendar, row, query)


def _shows_cancelled(calendar: Calendar, row: Record, query: Query) -> bool:
    if query.deleted or query.since is not None or query.updated is not None:
        return True
    master = calendar.events.get(row.body.get("recurringEventId", ""))
    return master is not None and not master.cancelled and not query.single and _kept_with(row)


def _kept_with(row: Record) -> bool:
    return not row.bare and not row.fell


def _says(calendar: Calendar, row: Record, email: str, query: Query) -> bool:
    """The extended properties asked for, and the words; what is hidden matches nothing."""
    asked = [("private", pair) for pair in query.params.get("privateExtendedProperty", ())]
    asked += [("shared", pair) for pair in query.params.get("sharedExtendedProperty", ())]
    words = query.one("q").lower()
    if (asked or words) and hidden(calendar, row, email):
        return False
    held = row.body.get("extendedProperties", {})
    text = " ".join(str(row.body.get(name, "")) for name in ("summary", "description", "location")).lower()
    matches = all(held.get(sort, {}).get(pair.partition("=")[0]) == pair.partition("=")[2] for sort, pair in asked)
    return matches and words in text


def _in_window(calendar: Calendar, row: Record, query: Query) -> bool:
    """Ends after timeMin and starts before timeMax; a series, when one of its instances does."""
    if (query.lower is None and query.upper is None) or "start" not in row.body:
        return True
    if "recurrence" in row.body:
        return _series_in_window(calendar, row, query)
    lower, upper = query.lower or _FIRST, query.upper or _LAST
    return instant(row.body["end"], calendar.zone) > lower and instant(row.body["start"], calendar.zone) < upper


def _series_in_window(calendar: Calendar, row: Record, query: Query) -> bool:
    upper = query.upper or _LAST
    for start in walls(row.body, _reach(row, query)):
        begins = start.replace(tzinfo=zone(row.body["start"].get("timeZone", calendar.zone)))
        if begins >= upper:
            return False
        if begins + duration(row.body) > (query.lower or _FIRST):
            return True
    return False


_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


# --- answering -------------------------------------------------------------------------------------------------------


def _shown(world: World, calendar: Calendar, row: Record, email: str, query: Query) -> Json:
    if row.cancelled and (world.switches.bare_stubs or not query.deleted):
        return stub(row)
    return seen(calendar, row, email, query.zone)


def _envelope(calendar: Calendar, email: str, page: Page, zone_name: str) -> Json:
    newest = max(
        (row.body["updated"] for row in calendar.events.values()), default=stamp(datetime(2020, 1, 1, tzinfo=UTC))
    )
    return {
        "kind": "calendar#events", "etag": f'"p{page.point.version:014d}"', "summary": calendar.summary,
        "updated": newest, "timeZone": zone_name, "accessRole": calendar.role(email), "defaultReminders": [],
    }  # fmt: skip


def _turned(world: World, page: Page, size: int) -> Json:
    """This page's items and the token that leads on."""
    items, left = page.left[:size], page.left[size:]
    if left:
        token = world.fresh("Cg")
        world.pages[token] = Page(page.point, left, page.ends_with_token)
        return {"nextPageToken": token, "items": list(items)}
    if not page.ends_with_token:
        return {"items": list(items)}
    token = world.fresh("CP") + "="
    world.points[token] = page.point
    return {"nextSyncToken": token, "items": list(items)}

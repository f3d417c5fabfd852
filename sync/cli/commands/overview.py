"""`status` over many practices: a line for each, the worst first, and their totals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sync.cli.output import NOTHING, say, table

if TYPE_CHECKING:
    from config.load import Loaded
    from sync.core.context import World
    from sync.store.engine import Tx

WORST_FIRST = ("suspended", "failing", "stale", "troubled", "held", "ok")
_WORDS = {
    "suspended": "suspendu", "failing": "en panne", "stale": "en retard", "troubled": "à regarder", "held": "retenu",
    "ok": "à jour",
}  # fmt: skip
_OUTBOX = {
    "pending": "en attente", "retry": "à réessayer", "failed": "non remis", "uncertain": "incertain", "held": "retenu"
}  # fmt: skip
_HEAD = ("Cabinet", "État", "Agendas", "Retard", "À venir", "À compléter", "Messages", "Pourquoi")


def suspended(name: str, key: str, reason: str) -> dict[str, Any]:
    """What `status` says of a practice for which nothing can be done."""
    return {
        "practice": name, "key": key, "state": "suspended", "calendars": [], "outbox": dict.fromkeys(_OUTBOX, 0),
        "held": [], "notices": [], "troubles": [reason], "remarks": [], "older_store": False, "to_check": 0,
        "workers": None,
    }  # fmt: skip


def unusable(one: Loaded) -> dict[str, Any]:
    """The same of one whose file cannot be used."""
    from config.problems import why

    return suspended(one.file.name, one.key or one.file.name, why(one.problems))


def with_state(data: dict[str, Any], key: str) -> dict[str, Any]:
    """What `status` knows of one practice, with its key and the worst that is true of it."""
    states = {row["state"] for row in data["calendars"]} | ({"troubled"} if data["troubles"] else set())
    states |= {"held"} if data["held"] or data["older_store"] else set()
    return {**data, "key": key, "state": next((one for one in WORST_FIRST if one in states), "ok")}


def summed(practices: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The totals: practices and calendars by state, bookings, messages by state, the longest lag in seconds."""
    rows = [row for one in practices for row in one["calendars"]]
    return {
        "practices": {state: sum(one["state"] == state for one in practices) for state in WORST_FIRST},
        "calendars": {
            state: sum(row["state"] == state for row in rows) for state in ("ok", "stale", "failing", "held")
        },
        "bookings": sum(row["bookings"] for row in rows),
        "to_complete": sum(row["to_complete"] for row in rows),
        "outbox": {state: sum(one["outbox"][state] for one in practices) for state in _OUTBOX},
        "to_check": sum(one["to_check"] for one in practices),
        "worst_lag_seconds": _lag(rows),
    }


def sharing(world: World, tx: Tx) -> list[dict[str, Any]] | None:
    """The processes that share one practice's work, the longest there first; None on SQLite, where it is one at
    most."""
    if not world.store.may_lose_its_lock:
        return None
    from sync.store import jobs

    zone = world.practice.zone
    return [
        {"name": one.name, "since": one.begun_at.astimezone(zone), "seen": one.seen_at.astimezone(zone)}
        for one in jobs.alive(tx)
    ]


def workers(practices: Iterable[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """The processes that share the work for any of the practices; None where all are on SQLite."""
    known = [one["workers"] for one in practices if one["workers"] is not None]
    if not known:
        return None
    found = {worker["name"]: worker for several in known for worker in several}
    return sorted(found.values(), key=lambda worker: (worker["since"], worker["name"]))


def at_work(found: Sequence[dict[str, Any]]) -> str:
    """Who works for the practices on PostgreSQL, and since when."""
    from rules.text.french import counted, listed

    if not found:
        return "Aucun « attitre run » ne travaille sur cette base en ce moment."
    who = [f"{one['name']} depuis le {one['since']:%d/%m/%Y %H:%M}" for one in found]
    verb = "travaille" if len(found) == 1 else "se partagent le travail"
    return f"{counted(len(found), 'processus', 'processus')} {verb} : {listed(who, 'et')}."


def show(practices: Sequence[dict[str, Any]]) -> None:
    """The table."""
    total = summed(practices)
    rows = [row for one in practices for row in one["calendars"]]
    lines = [_line(one["key"], _WORDS[one["state"]], one["calendars"], one["outbox"], _why(one)) for one in practices]
    last = _line(f"Total : {len(practices)}", _well(total), rows, total["outbox"], "")
    table(_HEAD, [*lines, last], "Aucun cabinet.", beneath=2)
    there = workers(practices)
    if there is not None:
        say("\n" + at_work(there))
    say("\nUn seul cabinet, en détail : attitre status --practice CLÉ")


def in_order(practices: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The worst first, then by key."""
    return sorted(practices, key=lambda one: (WORST_FIRST.index(one["state"]), one["key"]))


def _line(name: str, state: str, rows: Sequence[dict[str, Any]], box: dict[str, int], reason: str) -> tuple[str, ...]:
    fine = sum(row["state"] == "ok" for row in rows)
    bookings, incomplete = (str(sum(row[what] for row in rows)) for what in ("bookings", "to_complete"))
    waiting = ", ".join(f"{box[what]} {word}" for what, word in _OUTBOX.items() if box[what])
    return name, state, f"{fine}/{len(rows)}", _span(rows), bookings, incomplete, waiting or NOTHING, reason


def _well(total: dict[str, Any]) -> str:
    return f"{total['practices']['ok']} à jour"


def _lag(rows: Iterable[dict[str, Any]]) -> int | None:
    return max((row["lag_seconds"] for row in rows if row["lag_seconds"] is not None), default=None)


def _span(rows: Sequence[dict[str, Any]]) -> str:
    """The longest time since a calendar was read."""
    lag = _lag(rows)
    if lag is None:
        return "jamais lu" if rows else NOTHING
    minutes, hours = lag // 60, lag // 3600
    return f"{hours // 24} j" if hours >= 48 else f"{hours} h" if hours >= 2 else f"{minutes} min"


_OLDER = (
    "La base est plus ancienne que les agendas, rien ne part avant votre réponse : « attitre sync --restored » (ne "
    "rien redire) ou « --tell-all »."
)


def _why(one: dict[str, Any]) -> str:
    """The first reason, and how many more there are."""
    held = [_OLDER] if one["older_store"] else []
    held += ["Des annulations ou des messages sont retenus."] if one["held"] else []
    reasons = dict.fromkeys([*(row["reason"] for row in one["calendars"] if row["reason"]), *one["troubles"]])
    said = list(reasons) or held
    more = f" (et {len(said) - 1} de plus)" if len(said) > 1 else ""
    return f"{said[0]}{more}" if said else ""

"""`status`, `release`, `hold`: how the calendars are, and what the brake holds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from sync.cli.frame import WRONG, Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from config.load import Loaded
    from config.settings import Settings
    from sync.cli.practices import InTurn
    from sync.core.context import World
    from sync.store.calendars import CalendarRow
    from sync.store.engine import Store, Tx

_OUTBOX = ("pending", "retry", "failed", "uncertain", "held")
_NOT_YET = "Jamais lu : « attitre run » travaille, et n'y est pas encore arrivé."
_WORDS = {"ok": "à jour", "stale": "en retard", "failing": "en panne", "held": "retenu"}


@app.command()
def status(config: Configs = None, json: Json = False, verbose: Verbose = 0, debug: Debug = False) -> None:
    """L'état de chaque agenda, des messages, et de ce qui est retenu. Code 1 quand un agenda n'est plus à jour.

    De plusieurs cabinets, une ligne chacun, le pire d'abord ; « --practice CLÉ » en montre un.

    Exemples : attitre status --json ; attitre status -c /etc/attitre
    """
    from sync.cli.practices import all_loaded, desk, one_settings

    loaded = all_loaded(config)
    if len(loaded) > 1:
        found = _of_all(loaded, json=json)
    else:
        settings = one_settings(config)
        with desk(settings) as world:
            found = [_state(world, settings)]
        (as_json if json else _show)(found[0])
    if any(is_wrong(one) for one in found):
        raise typer.Exit(WRONG)


def _of_all(loaded: Sequence[Loaded], *, json: bool) -> list[dict[str, Any]]:
    """Every practice, those that cannot be worked for too."""
    from sync.cli.commands import overview
    from sync.cli.practices import InTurn
    from sync.store.engines import Engines

    in_turn, engines = InTurn(), Engines()
    stores = {
        one.key: engines.store(one.settings.store.get_secret_value(), one.key) for one in loaded if one.settings
    }  # all of them first: those at one address share their engine only while it is open
    found = overview.in_order(_of_one(one, stores, in_turn) for one in loaded)
    if json:
        as_json({"practices": found, "totals": overview.summed(found), "workers": overview.workers(found)})
    else:
        overview.show(found)
    return found


def _of_one(one: Loaded, stores: Mapping[str, Store], in_turn: InTurn) -> dict[str, Any]:
    from sync.cli.commands import overview
    from sync.cli.practices import desk
    from sync.store.engine import NotStored, StoreProblem

    if one.settings is None:
        return overview.unusable(one)
    try:
        with in_turn.opened(one.settings, desk(one.settings, stores[one.key])) as world:
            return overview.with_state(_state(world, one.settings), one.key)
    except (StoreProblem, NotStored) as problem:
        return overview.suspended(one.settings.practice.name, one.key, str(problem))


def is_wrong(data: dict[str, Any]) -> bool:
    """Whether `status` ends with 1 for that practice."""
    from sync.worker import health

    return bool(data["troubles"]) or any(row["state"] in health.BAD for row in data["calendars"])


def _state(world: World, settings: Settings) -> dict[str, Any]:
    from sync.annotate import write_backoff
    from sync.cli.commands import overview
    from sync.outbox import store_alert
    from sync.plan import older_store
    from sync.store import backlog, calendars, keyvalue, messages, views
    from sync.worker import health

    now, unusable = world.now(), list(store_alert.seen(world.store))
    remarks = [] if unusable else list(store_alert.remarks(world.store))
    with world.store.read() as tx:
        health.read_ahead(tx, write_backoff.NAME, keyvalue.BRAKE, keyvalue.OLDER)
        rows, workers = _in_order(world, calendars.every(tx)), overview.sharing(world, tx)
        each = [_calendar(world, tx, row, settings, now) for row in rows] + _never(rows, settings)
        return {
            "practice": settings.practice.name,
            "calendars": _named(world, _waiting(each) if workers else each),
            "outbox": {name: count for name, count in messages.counts(tx).items() if name in _OUTBOX},
            "held": _named(world, _held(world, tx, rows, now)),
            "notices": views.unsent_notices(tx),
            "troubles": [*unusable, *health.wrong(tx)],
            "remarks": [*remarks, *health.remarks(settings)],
            "older_store": older_store.asks(tx),
            "to_check": backlog.size(tx),
            "workers": workers,
        }


def _waiting(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where a process works, who asks is not told to start one."""
    from sync.worker import health

    return [{**row, "reason": (row["reason"] or "").replace(health.NEVER, _NOT_YET) or None} for row in rows]


def _named(world: World, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the dentists' names beside their keys."""
    return [{**row, "name": world.practice.name_of(row["dentist"])} for row in rows]


def _in_order(world: World, rows: Iterable[CalendarRow]) -> list[CalendarRow]:
    """Those still in the YAML, in its order of dentists."""
    place = {dentist.key: number for number, dentist in enumerate(world.practice.dentists)}
    active = [row for row in rows if row.active]
    return sorted(active, key=lambda row: (place.get(row.dentist, len(place)), row.calendar))


def _calendar(world: World, tx: Tx, row: CalendarRow, settings: Settings, now: datetime) -> dict[str, Any]:
    from sync.core.pace import longest_interval, pace_at
    from sync.plan import floods
    from sync.pull.token_trust import reason
    from sync.report.next_read import upcoming
    from sync.store import views
    from sync.worker import health

    held, waiting = "Des annulations sont retenues." if row.held_at else "", floods.held_calls(world, tx, row.calendar)
    held = held or ("Des messages aux patients sont retenus." if waiting else "")
    state = health.state(world, row, settings)
    counts = views.coming(tx, row.calendar, now)
    every = settings.sync.every_seconds
    longest = longest_interval(world, row, every, row.last_attempt)
    coming, slower = upcoming(row, pace_at(world, row, every, now), longest, now)
    late = health.late(world, row, settings)
    beside = health.beside(tx, row)
    lag = (now - row.last_success).total_seconds() if row.last_success else None
    return {
        "dentist": row.dentist,
        "calendar": row.calendar,
        "state": "held" if state == "ok" and waiting else state,
        "last_success": row.last_success.astimezone(world.practice.zone) if row.last_success else None,
        "lag_seconds": None if lag is None else round(lag),
        "reason": _reason(row.reason or late, held, *beside, reason(row), _beside(world, tx, row, settings)),
        "bookings": sum(counts.values()),
        "to_complete": counts.get("invalid", 0),
        "read_only": row.read_only,
        "remarks": beside,
        "next_read": coming.astimezone(world.practice.zone) if coming else None,
        "next_read_why": slower or None,
        "pushed": bool(row.pushed_until and row.pushed_until > now),
    }


def _reason(*said: str | None) -> str | None:
    """Everything that is not as it should be, the gravest first; None where all is well."""
    return " ".join(dict.fromkeys(filter(None, said))) or None


def _beside(world: World, tx: Tx, row: CalendarRow, settings: Settings) -> str | None:
    """What does not keep it from being read."""
    from sync.worker import health

    push = _push(tx, row, settings, world.now())
    return health.writes_paused(world, tx, row) or health.spared(world, row) or push or None


def _push(tx: Tx, row: CalendarRow, settings: Settings, now: datetime) -> str | None:
    """Why Google's messages are missing where they are wanted."""
    if settings.page is None or not (settings.page.google_push and settings.page.public_url):
        return None
    from sync.worker import push_channels

    return push_channels.trouble(tx, row.calendar, now)


def _never(rows: Iterable[CalendarRow], settings: Settings) -> list[dict[str, Any]]:
    """Configured calendars that no pass has seen."""
    from config.roster import place_of
    from sync.worker import health

    missing = []
    for one in health.never_read(rows, settings):
        kind, *place = place_of(one.settings)
        empty: dict[str, Any] = {
            "last_success": None,
            "lag_seconds": None,
            "bookings": 0,
            "to_complete": 0,
            "read_only": None,
        }
        empty |= {"next_read": None, "next_read_why": None, "pushed": False, "remarks": []}
        name = "flux ics" if kind == "ics" else " ".join(place).strip()
        missing.append({"dentist": one.dentist, "calendar": name, "state": "stale", "reason": health.NEVER, **empty})
    return missing


def _held(world: World, tx: Tx, rows: Iterable[CalendarRow], now: datetime) -> list[dict[str, Any]]:
    """What waits for a person, by calendar: cancellations of what vanished, messages that were too many."""
    from sync.evaluate.brake import held_count
    from sync.plan import floods

    found = []
    for row in rows:
        waiting, known = floods.held_calls(world, tx, row.calendar), floods.asked(tx, row.calendar)
        asked = datetime.fromisoformat(known["since"]) if waiting and "since" in known else None
        since = min(filter(None, (row.held_at, asked)), default=None)
        if since is not None:
            cancellations = held_count(world, tx, row.calendar, now) if row.held_at else 0
            found.append({
                "dentist": row.dentist, "calendar": row.calendar, "since": since.astimezone(world.practice.zone),
                "cancellations": cancellations, "messages": waiting,
            })  # fmt: skip
    return found


def _show(data: dict[str, Any]) -> None:
    from rules.text.french import counted

    lines = [
        (row["name"], _short(row["calendar"]), _word(row), _moment(row["last_success"]), str(row["bookings"]),
         str(row["to_complete"]), _why(row))
        for row in data["calendars"]
    ]  # fmt: skip
    head = ("Dentiste", "Agenda", "État", "Dernier succès", "À venir", "À compléter", "Pourquoi")
    table(head, lines, "Aucun agenda.", beneath=1)
    box = data["outbox"]
    say(
        f"\nMessages : {box['pending']} en attente, {box['retry']} à réessayer, {box['failed']} non remis, "
        f"{counted(box['uncertain'], 'incertain', 'incertains')}, {counted(box['held'], 'retenu', 'retenus')}."
    )
    for row in data["held"]:
        said = _retained(row["cancellations"], row["messages"])
        say(f"{said} ({row['name']}) : attitre release {row['dentist']}")
    in_table = [remark for row in data["calendars"] for remark in row["remarks"]]
    for trouble in (*data["troubles"], *data["remarks"]):
        if not any(trouble.endswith(remark) for remark in in_table):
            say(trouble)
    if data["to_check"]:
        remain = counted(data["to_check"], "rendez-vous reste", "rendez-vous restent")
        say(f"{remain} à vérifier : « attitre run » ou « attitre sync » s'en charge, les messages partent ensuite.")
    if data["older_store"]:
        from sync.plan import older_store

        say(older_store.QUESTION[1])
    for subject in data["notices"]:
        say(f"Alerte pas encore envoyée : {subject}")
    if data["workers"] is not None:
        from sync.cli.commands.overview import at_work

        say(at_work(data["workers"]))


def _short(address: str) -> str:
    """The end of an address, by which `release` and `hold` know the calendar too; whole with --json."""
    from urllib.parse import unquote

    return unquote(address.rstrip("/").rpartition("/")[2])


def _retained(cancellations: int, waiting: int) -> str:
    """`15 annulations retenues, 2 messages retenus`; nothing yet where a person said to hold."""
    from rules.text.french import counted

    if not cancellations and not waiting:
        return "Les annulations à venir seront retenues"
    said = [counted(cancellations, "annulation retenue", "annulations retenues")] if cancellations else []
    return ", ".join([*said, *([counted(waiting, "message retenu", "messages retenus")] if waiting else [])])


def _word(row: dict[str, Any]) -> str:
    """Read, but not written to or not all of it, is not all that was promised."""
    if row["state"] == "ok" and row["remarks"]:
        return "lecture seule" if row["read_only"] else "à regarder"
    return _WORDS[row["state"]]


def _why(row: dict[str, Any]) -> str:
    """Why it is not fine, and when it is read again where that is later than usual."""
    from rules.text.french import clock

    slower = row["next_read_why"]
    after = f"Prochain passage vers {clock(row['next_read'])} ({slower})." if slower else ""
    return "\n".join(filter(None, (row["reason"], after)))


def _moment(moment: datetime | None) -> str:
    return f"{moment:%d/%m/%Y %H:%M}" if moment else "jamais"


# --- the brake -------------------------------------------------------------------------------------------------------


def _column() -> Any:
    return typer.Argument(metavar="AGENDA", help="Clé du dentiste, fin de l'adresse de l'agenda, ou adresse entière.")


@app.command()
def release(calendar: str = _column(), config: Configs = None, verbose: Verbose = 0, debug: Debug = False) -> None:
    """Approuver ce qui est retenu d'un agenda, annulations et messages : les patients seront prévenus.

    Exemple : attitre release martin
    """
    from rules.text.french import counted
    from sync.cli.practices import desk, one_settings
    from sync.evaluate import brake
    from sync.plan import floods

    with desk(one_settings(config)) as world, world.store.write() as tx:
        meant, now = _meant(tx, calendar), world.now()
        counts = [brake.release(world, tx, row.calendar, now) for row in meant if row.held_at]
        waiting = sum(floods.release(world, tx, row.calendar, now) for row in meant)
    if counts and not sum(counts):
        say("Aucune annulation n'attendait ; les prochaines partiront.")
    elif counts:
        approved = counted(sum(counts), "annulation approuvée", "annulations approuvées")
        say(f"{approved} : les patients seront prévenus au prochain passage.")
    if waiting:
        many = "s" if waiting > 1 else ""
        say(f"{waiting} message{many} approuvé{many} : ce qui est encore vrai part au prochain passage.")
    if not counts and not waiting:
        say("Rien n'est retenu pour cet agenda.")


@app.command()
def hold(calendar: str = _column(), config: Configs = None, verbose: Verbose = 0, debug: Debug = False) -> None:
    """Retenir les annulations d'un agenda : aucun patient n'est prévenu jusqu'à « attitre release ».

    Exemple : attitre hold martin
    """
    from sync.cli.practices import desk, one_settings
    from sync.evaluate import brake

    with desk(one_settings(config)) as world, world.store.write() as tx:
        for row in _meant(tx, calendar):
            brake.hold(world, tx, row.calendar, world.now())
    say("Les annulations de cet agenda sont retenues. Pour les laisser partir : attitre release " + calendar)


@app.command()
def adopt(calendar: str = _column(), config: Configs = None, verbose: Verbose = 0, debug: Debug = False) -> None:
    """Dire que l'autre installation d'attitre, vue dans cet agenda, n'existe plus : celle-ci y travaille de nouveau.

    Exemple : attitre adopt martin
    """
    from sync.cli.practices import desk, one_settings
    from sync.pull import foreign_writer

    with desk(one_settings(config)) as world, world.store.write() as tx:
        meant = _meant(tx, calendar)
        found = [foreign_writer.adopt(tx, row.calendar, world.now()) for row in meant]
    if not any(found):
        say("Aucune autre installation n'a été vue dans cet agenda.")
    else:
        say("Cet agenda est de nouveau le nôtre : il est relu au prochain passage (attitre sync : tout de suite).")
        if any(row.baseline_at is None for row in meant):
            say(NEW_HERE)


NEW_HERE = (
    "Cette base ne le connaît pas encore : ce qui s'y trouve à cette lecture compte comme connu des patients, et n'est "
    "pas redit. Ce que l'ancienne base n'avait pas encore dit reste à dire par téléphone."
)


def _meant(tx: Tx, wanted: str) -> list[CalendarRow]:
    """The calendars of that name. Raises Failure with the valid ones."""
    from config.roster import means
    from sync.store import calendars

    rows = [row for row in calendars.every(tx) if row.active]
    found = [row for row in rows if means(wanted, row.calendar, [row.dentist])]
    if found:
        return found
    if not rows:
        raise Failure("Aucun agenda n'a encore été lu : lancez d'abord « attitre sync ».")
    names = dict.fromkeys(name for row in rows for name in (row.dentist, row.calendar.rstrip("/").rpartition("/")[2]))
    raise Failure(f"« {wanted} » ne désigne aucun agenda. Possibilités : {', '.join(names)}.")

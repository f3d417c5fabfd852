"""`agenda` and `outbox`: what stands in the calendars, what goes to the patients."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sync.cli.frame import Configs, Debug, Failure, Json, Verbose, app
from sync.cli.output import as_json, say, table
from sync.cli.typed import day_of, dentist_of
from sync.report.journal_labels import KINDS

if TYPE_CHECKING:
    from rules.model import Finding, Practice
    from sync.core.context import World
    from sync.store.views import Line

_STATES = {
    "incomplete": "à compléter",
    "valid": "validé",
    "cancelled": "annulé",
    "block": "blocage",
    "block_without_motif": "blocage sans motif",
    "private": "occupé",
    "placeholder": "place gardée",
}
_MESSAGE_STATES = {
    "pending": "en attente", "held": "retenu", "claimed": "en cours", "failed": "non remis", "uncertain": "incertain",
}  # fmt: skip


@app.command()
def agenda(  # noqa: PLR0917  options
    config: Configs = None,
    dentist: Annotated[
        str | None, typer.Option("--dentist", metavar="DENTISTE", help="Clé, agenda ou adresse.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="24/11/2026 ou 2026-11-24 ; aujourd'hui.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Dernier jour ; 14 jours plus tard.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Chaque remarque en entier.")] = False,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Les rendez-vous et les blocages, leur état et ce qui manque.

    États en JSON : incomplete, valid, cancelled, block, block_without_motif, private, placeholder.

    Exemple : attitre agenda --dentist martin --from 24/11/2026 --to 28/11/2026
    """
    from sync.cli.practices import desk, one_settings
    from sync.store import views

    with desk(one_settings(config)) as world:
        start, end = _span(world, since, until)
        who = dentist_of(world, dentist)
        with world.store.read() as tx:
            lines = [line for line in views.agenda(tx, start, end, world.practice.zone, who) if line.busy.dentist]
    data = [_line(line, world.practice) for line in lines]
    if json:
        as_json(data)
    else:
        _show(data, world.practice, details=details)


def _span(world: World, since: str | None, until: str | None) -> tuple[datetime, datetime]:
    zone, today = world.practice.zone, world.now().date()
    first = day_of(since) if since else today
    last = day_of(until) if until else first + timedelta(days=14)
    if last < first:
        raise typer.BadParameter("la date de fin est avant celle de début.")
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def _line(line: Line, practice: Practice) -> dict[str, Any]:
    findings = _findings(line, practice)
    private = line.busy.kind == "private"
    kind = "booking" if line.booking else "private" if private else "block"
    return {
        "uid": line.busy.uid,
        "dentist": line.busy.dentist,
        "start": line.busy.start,
        "end": line.busy.end,
        "kind": kind,
        "state": _state(line, kind, findings),
        "patient": (line.booking.facts.name or line.busy.label) if line.booking else None,
        "motif": line.booking.facts.motif if line.booking else None,
        "label": "" if private else line.busy.label,
        "findings": [{"rule": one.rule, "severity": str(one.severity), "text": one.text} for one in findings],
    }


def _findings(line: Line, practice: Practice) -> tuple[Finding, ...]:
    from rules.checks.agenda import block_findings
    from rules.model import CalendarEvent

    if line.booking:
        return line.booking.findings
    if line.busy.kind != "block":
        return ()
    return block_findings(CalendarEvent(line.busy.uid, line.busy.start, line.busy.end, line.busy.label), practice)


def _state(line: Line, kind: str, findings: tuple[Finding, ...]) -> str:
    from sync.store.bookings import VALID, VANISHED

    if line.booking is None:
        empty = "block_without_motif" if findings else kind
        return "placeholder" if line.busy.kind == "placeholder" else empty
    if line.cancelled or line.booking.state == VANISHED:
        return "cancelled"
    return "valid" if line.booking.state == VALID else "incomplete"


def _show(data: list[dict[str, Any]], practice: Practice, *, details: bool) -> None:
    """A line each; what is to be corrected in a word, and whole below where it was asked for."""
    from sync.cli.page import paragraph, title

    head = ("Début", "Fin", "Dentiste", "État", "Patient ou raison", "Motif", "À corriger")
    table(head, [_row(item, practice) for item in data], "Rien dans l'agenda à ces dates.")
    faulty = [item for item in data if _to_do(item)]
    if faulty and not details:
        say("\nChaque remarque en entier : attitre agenda --details, ou attitre explain NOM")
    for item in faulty if details else ():
        title(f"{item['start']:%d/%m/%Y %H:%M}  {item['patient'] or item['label']}")
        for one in _to_do(item):
            paragraph(one["text"], f"  {_SIGNS[one['severity']]} ", "    ")


_SIGNS = {"error": "✗", "warning": "!"}


def _to_do(item: dict[str, Any]) -> list[dict[str, str]]:
    return [one for one in item["findings"] if one["severity"] in _SIGNS]


def _row(item: dict[str, Any], practice: Practice) -> tuple[str, ...]:
    from rules.findings import RULES
    from rules.telling.short_names import short

    wrong = short(RULES[one["rule"]].field for one in _to_do(item) if one["rule"] in RULES)
    who, dentist = item["patient"] or item["label"], practice.name_of(item["dentist"])
    start, end = f"{item['start']:%d/%m/%Y %H:%M}", f"{item['end']:%H:%M}"
    return start, end, dentist, _STATES[item["state"]], who, item["motif"] or "", wrong


# --- messages --------------------------------------------------------------------------------------------------------


@app.command()
def outbox(  # noqa: PLR0917  options
    action: Annotated[
        Literal["retry", "drop"] | None, typer.Argument(metavar="[retry|drop]", help="Renvoyer ou classer.")
    ] = None,
    message: Annotated[int | None, typer.Argument(metavar="[ID]", help="Numéro du message.")] = None,
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Les messages en attente, non remis ou incertains, avec le numéro à appeler.

    Exemples : attitre outbox ; attitre outbox retry 12 ; attitre outbox drop 12
    """
    from sync.cli.practices import desk, one_settings

    if action and message is None:
        raise typer.BadParameter("donnez le numéro du message : attitre outbox retry 12.")
    with desk(one_settings(config)) as world:
        if action and message is not None:
            _act(world, action, message)
        else:
            _list(world, json)


def _list(world: World, json: bool) -> None:
    from sync.store import views
    from sync.store.messages import PENDING

    zone = world.practice.zone
    with world.store.read() as tx:
        found = views.outbox(tx, zone)
    data = [
        {
            "id": row.id, "kind": str(row.kind), "channel": str(row.channel), "state": row.state, "reason": row.reason,
            "next_try": (row.next_try or row.due_at).astimezone(zone) if row.state == PENDING else None,
            "patient": row.facts.name, "call": number, "attempts": row.attempts,
        }
        for row, number in found
    ]  # fmt: skip
    if json:
        as_json(data)
        return
    head = ("N°", "Message", "Par", "État", "Patient", "À appeler", "Prochain essai", "Pourquoi")
    table(head, [_message(item) for item in data], "Aucun message en attente.")


def _message(item: dict[str, Any]) -> tuple[str, ...]:
    from rules.text.french import phone

    stuck = item["state"] in {"failed", "uncertain"}
    again = f"{item['next_try']:%d/%m/%Y %H:%M}" if item["next_try"] else ""
    call = (phone(item["call"] or "") or "pas de numéro") if stuck else ""
    state, kind = _MESSAGE_STATES[item["state"]], KINDS[item["kind"]]
    return str(item["id"]), kind, item["channel"], state, item["patient"], call, again, item["reason"] or ""


def _act(world: World, action: str, number: int) -> None:
    from sync.outbox import by_hand
    from sync.store import journal, messages

    now, act = world.now(), by_hand.retry if action == "retry" else by_hand.drop
    try:
        with world.store.write() as tx:
            row = messages.get(tx, number, world.practice.zone)
            if row is None:
                raise Failure(f"Aucun message n° {number}. La liste : attitre outbox")
            done = act(world, tx, row, now)
            journal.log(tx, now, f"outbox-{action}", detail=str(number), booking=row.booking)
    except by_hand.NotPossible as refusal:
        raise Failure(str(refusal)) from None
    say(done)

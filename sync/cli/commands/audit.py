"""`audit`: what attitre would say and send about the calendars as they are, without saying or sending anything."""

from __future__ import annotations

import sys
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.cli.frame import UNREACHABLE, Configs, Debug, Json, Verbose, app, end_tidily, start_log
from sync.cli.output import as_json, say, warn
from sync.cli.page import grid, paragraph, title

if TYPE_CHECKING:
    from config.settings import Settings
    from rules.model import Channel
    from sync.core.context import Watch, World
    from sync.rehearsal.audit import Audit, Case, Messages

_BOTHERS = {"error": "bloque", "warning": "avertit"}
_PROBLEMS = {"event-unreadable": "contenu abîmé", "recurrence-refused": "répétition illisible"}


@app.command()
def audit(  # noqa: PLR0917  options
    past: Annotated[int, typer.Option("--past", min=0, max=180, metavar="JOURS", help="Jours passés à relire.")] = 30,
    coming: Annotated[int, typer.Option("--next", min=0, max=180, metavar="JOURS", help="Jours à venir à lire.")] = 30,
    details: Annotated[bool, typer.Option("--details", help="Chaque événement à corriger.")] = False,
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Mode à blanc : lire les vrais agendas et dire ce qui serait signalé et envoyé. N'écrit rien, n'envoie rien.

    Exemples : attitre audit ; attitre audit --past 7 --next 60 --details
    """
    from sync.cli.practices import one_settings

    start_log(verbose)
    end_tidily()  # the notebook holds patients, and must go with us
    found = _audit(one_settings(config), past, coming)
    if json:
        as_json(_data(found))
    else:
        _show(found, details=details)
    for place in found.unread:
        warn(f"Agenda « {found.practice.name_of(place.dentist)} » ({place.calendar}) non lu : {place.reason}")
    if found.unread:
        raise typer.Exit(UNREACHABLE)


def _audit(settings: Settings, past: int, coming: int) -> Audit:
    from config.practice import practice_of
    from sync.rehearsal.audit import audit as rehearse
    from sync.rehearsal.scratch_store import notebook
    from sync.store.engine import Store
    from sync.wiring import open_world

    practice = practice_of(settings)
    today = datetime.now(practice.zone).date()
    since = datetime.combine(today - timedelta(days=past), time(), practice.zone)
    until = datetime.combine(today + timedelta(days=coming + 1), time(), practice.zone)
    real = Store(settings.store.get_secret_value(), practice.key)
    try:
        with notebook(real, since) as notes, open_world(settings, store=notes.store) as world:
            return rehearse(world, notes, since, until, _progress(world), count=_count)
    finally:
        real.close()


def _progress(world: World) -> Watch:
    """On a terminal: how many calendars were read."""
    left = {source.address for source in world.sources}
    total = len(left)

    def watch(address: str) -> None:
        if address in left and sys.stderr.isatty():
            left.discard(address)
            typer.echo(f"\rAgendas lus : {total - len(left)}/{total}", err=True, nl=not left)

    return watch


def _count(done: int, total: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\rÉvénements vérifiés : {done}/{total}", err=True, nl=done == total)


# --- for a person ----------------------------------------------------------------------------------------------------


def _show(found: Audit, *, details: bool) -> None:
    from rules.text.french import numeric_day

    last = found.until - timedelta(days=1)
    say(f"Mode à blanc, du {numeric_day(found.since)} au {numeric_day(last)} : rien n'a été écrit ni envoyé.")
    if not found.directory:
        paragraph(
            "Le fichier des patients est vide : chaque patient compte comme inconnu. Pour un audit plus juste, "
            "« attitre patients import FICHIER.csv » d'abord.", "",
        )  # fmt: skip
    _dentists(found)
    _rules(found)
    _lost(found)
    _unreadable(found)
    _messages(found.messages)
    _cases(found, details=details)


def _dentists(found: Audit) -> None:
    from sync.rehearsal.audit import elsewhere, without_mobile

    rows = []
    for dentist in found.practice.dentists:
        cases = found.of(dentist.key)
        wrong = sum(case.wrong for case in cases)
        row = (len(cases), len(cases) - wrong, wrong, without_mobile(cases), elsewhere(cases))
        rows.append((dentist.name, *map(str, row)))
    if len(rows) > 1:
        rows.append(("Ensemble", *(str(sum(int(row[i]) for row in rows)) for i in range(1, 6))))
    title("Rendez-vous")
    head = ("Dentiste", "Total", "En règle", "À corriger", "Sans mobile", "Autre dentiste")
    grid(rows, head, right=range(1, 6))


def _rules(found: Audit) -> None:
    from rules.findings import RULES

    counts = found.counts()
    title("Ce qui serait signalé")
    if not counts:
        say("  Rien.")
        return
    rows = [
        (str(count), _BOTHERS[severity], RULES[rule].point, rule, RULES[rule].procedure)
        for (rule, severity), count in sorted(counts.items(), key=lambda item: (item[0][1] != "error", -item[1]))
    ]
    grid(rows, ("Nombre", "Effet", "Point", "Règle", "La procédure dit"), right=[0])


def _lost(found: Audit) -> None:
    from rules.text.french import counted, minutes, numeric_day

    if not found.blocks:
        return
    title("Créneaux bloqués sans motif (« Ne jamais laisser un créneau bloqué sans motif »)")
    names = {dentist.key: dentist.name for dentist in found.practice.dentists}
    weeks = sorted(found.lost.items(), key=lambda item: (item[0][1], item[0][0]))
    rows = [(numeric_day(week), names[key], minutes(lost)) for (key, week), lost in weeks]
    grid(rows, ("Semaine du", "Dentiste", "Temps perdu") if rows else (), right=[2])
    total = sum(found.lost.values())
    said = f"{minutes(total)} en tout pendant les heures d'ouverture" if total else "Aucune heure d'ouverture perdue"
    say(f"  {said}, {counted(len(found.blocks), 'blocage', 'blocages')} sans motif.")


def _unreadable(found: Audit) -> None:
    from rules.text.french import counted

    if found.untagged:
        title("Sans étiquette")
        paragraph(
            f"{counted(found.untagged, 'événement', 'événements')} d'un agenda partagé ne porte l'étiquette d'aucun "
            "dentiste : attitre n'y toucherait pas."
        )
    if found.unreadable:
        title("Événements illisibles")
        rows = [
            (found.practice.name_of(place.dentist), _PROBLEMS.get(place.reason, place.reason), place.ref)
            for place in found.unreadable
        ]
        grid(rows, ("Dentiste", "Pourquoi", "Événement"))


def _messages(sent: Messages) -> None:
    from rules.model import Channel
    from rules.text.french import counted

    title("Ce que les patients recevraient pour les rendez-vous en règle")
    rows = []
    for channel, name in ((Channel.SMS, "SMS"), (Channel.EMAIL, "E-mail")):
        confirmed, reminded = _pair(sent, channel)
        parts = (
            counted(sent.segments, "SMS facturé", "SMS facturés") if channel is Channel.SMS and sent.segments else ""
        )
        rows.append((name, str(confirmed), str(reminded), str(confirmed + reminded), parts))
    grid(rows, ("Par", "Confirmations", "Rappels", "Ensemble", ""), right=[1, 2, 3])


def _pair(sent: Messages, channel: Channel) -> tuple[int, int]:
    return sent.confirmations.get(channel, 0), sent.reminders.get(channel, 0)


def _cases(found: Audit, *, details: bool) -> None:
    from rules.text.french import counted

    cases = found.to_correct
    if not cases:
        title("Aucun événement à corriger.")
        return
    if not details:
        title(
            f"{counted(len(cases), 'événement', 'événements')} à corriger : la liste avec « attitre audit --details »."
        )
        return
    title(f"{counted(len(cases), 'événement', 'événements')} à corriger")
    for case in cases:
        say(f"  {case.start:%d/%m/%Y %H:%M}  {found.practice.name_of(case.dentist)}  {_called(case)}")
        for one in case.findings:
            if one.severity in _BOTHERS:
                paragraph(f"{'✗' if one.severity == 'error' else '!'} {one.text}", " " * 20, " " * 22)
                for proposal in one.proposals:
                    paragraph(f"→ {proposal}", " " * 22, " " * 24)


def _called(case: Case) -> str:
    named = case.title or "(sans titre)"
    return named if case.times == 1 else f"{named} ({case.times} fois)"


# --- for a machine ---------------------------------------------------------------------------------------------------


def _data(found: Audit) -> dict[str, Any]:
    from rules.findings import RULES

    return {
        "practice": found.practice.name, "from": found.since, "to": found.until, "directory": found.directory,
        "dentists": [_dentist(found, dentist.key) for dentist in found.practice.dentists],
        "rules": [
            {
                "rule": rule, "severity": str(severity), "point": RULES[rule].point, "count": count,
                "procedure": RULES[rule].procedure,
            }
            for (rule, severity), count in found.counts().items()
        ],
        "lost": [
            {"dentist": dentist, "week": week, "minutes": minutes}
            for (dentist, week), minutes in sorted(found.lost.items())
        ],
        "messages": _message_data(found.messages),
        "untagged": found.untagged,
        "unreadable": [
            {"dentist": place.dentist, "calendar": place.calendar, "event": place.ref, "rule": place.reason}
            for place in found.unreadable
        ],
        "unreachable": [
            {"dentist": place.dentist, "calendar": place.calendar, "reason": place.reason} for place in found.unread
        ],
        "to_correct": [_case(case) for case in found.to_correct],
    }  # fmt: skip


def _dentist(found: Audit, key: str) -> dict[str, Any]:
    from sync.rehearsal.audit import elsewhere, without_mobile

    cases = found.of(key)
    wrong = sum(case.wrong for case in cases)
    return {
        "dentist": key, "bookings": len(cases), "fine": len(cases) - wrong, "with_errors": wrong,
        "without_mobile": without_mobile(cases), "other_dentist": elsewhere(cases),
        "blocks_without_motif": sum(case.dentist == key for case in found.blocks), "lost_minutes": found.lost_by(key),
    }  # fmt: skip


def _message_data(sent: Messages) -> dict[str, Any]:
    from rules.model import Channel

    counted = {
        str(channel): dict(zip(("confirmations", "reminders"), _pair(sent, channel), strict=True))
        for channel in Channel
    }
    return {**counted, "sms_segments": sent.segments}


def _case(case: Case) -> dict[str, Any]:
    return {
        "dentist": case.dentist, "start": case.start, "end": case.end, "kind": str(case.kind), "title": case.title,
        "occurrences": case.times,
        "findings": [
            {
                "rule": one.rule, "severity": str(one.severity), "text": one.text, "proposals": list(one.proposals),
            }
            for one in case.findings
        ],
    }  # fmt: skip

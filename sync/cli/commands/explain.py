"""`explain`: why one event is as it is, for the person who answers for the installation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sync.cli.frame import Configs, Debug, Failure, Json, Verbose, app, start_log
from sync.cli.output import as_json, say
from sync.cli.page import grid, paragraph, title
from sync.report.journal_labels import KINDS

if TYPE_CHECKING:
    from rules.model import Finding
    from sync.core.context import World
    from sync.report.explain import Explanation, Message, Plan, Writing
    from sync.report.lookup import Target
    from sync.store.engine import Tx

MANY = 30
_STATES = {
    "valid": "validé", "invalid": "à compléter : rien ne part avant", "cancelled": "annulé",
    "held": "n'est plus dans l'agenda ; l'annulation est retenue (attitre release)",
    "refused": "n'est plus dans l'agenda ; l'annulation a été écartée, le patient n'est pas prévenu",
    "honoured": "honoré", "excused": "absence excusée", "unexcused": "absence non excusée",
    "block": "blocage, avec une raison", "block_without_motif": "blocage sans motif",
    "private": "événement privé : attitre n'en retient que l'heure, et n'y écrit jamais",
    "placeholder": "place gardée (« libre », « urgence réservée ») : un rendez-vous peut la prendre",
    "query": "question au secrétariat (« ? »)", "ignored": "n'occupe personne : laissé tel quel",
    "unchecked": "pas encore vérifié", "unreadable": "illisible : personne n'est prévenu de ce qu'il contient",
}  # fmt: skip
_ON_THE_LIST = "inscription sur la liste d'attente : n'occupe personne"
_SOURCES = {"typed": "tapé", "directory": "fichier", "inferred": "déduit", "calendar": "agenda", "missing": "manque"}
_EFFECTS = {"error": "bloque", "warning": "avertit", "info": "informe", "off": "éteinte"}
_SIGNS = {"error": "✗", "warning": "!", "info": "✓", "off": " "}
_CHANNELS = {"sms": "SMS", "email": "E-mail"}
_MESSAGES = {
    "pending": "en attente", "held": "retenu", "claimed": "en cours", "sent": "envoyé", "failed": "non remis",
    "uncertain": "incertain", "suppressed": "sans objet", "dropped": "classé", "superseded": "remplacé",
}  # fmt: skip


@app.command()
def explain(
    event: Annotated[
        list[str], typer.Argument(metavar="ÉVÉNEMENT", help="UID, mots du titre, ou numéro du rendez-vous.")
    ],
    config: Configs = None,
    json: Json = False,
    verbose: Verbose = 0,
    debug: Debug = False,
) -> None:
    """Pourquoi un événement est comme il est : ce qui a été reconnu, signalé, prévu, envoyé et écrit, et quand.

    Exemples : attitre explain dupont détartrage ; attitre explain 12
    """
    from sync.cli.practices import equipped, one_settings
    from sync.report.explain import explain as all_about
    from sync.report.lookup import find

    start_log(verbose)
    settings = one_settings(config)
    _must_exist(settings)
    with equipped(settings) as world, world.store.read() as tx:
        found = find(world, tx, wanted := " ".join(event).strip())
        if len(found) != 1:
            _choose(world, found, wanted, json=json)
        told = all_about(world, tx, found[0])
        freed, waits = _freed(world, tx, told), _waits(world, tx, told)
        if json:
            as_json(_data(told) | ({"freed": freed} if freed else {}) | ({"waiting": waits} if waits else {}))
        else:
            _show(world, told, freed, waits)


def _freed(world: World, tx: Tx, told: Explanation) -> list[dict[str, Any]]:
    """The times that this appointment left, and what the waiting list made of them (P44)."""
    if told.target.booking is None or world.practice.waiting is None:
        return []
    from sync.waiting.report import freed_by, said

    return [
        {
            "start": one.gap.start, "end": one.gap.end, "dentist": one.gap.dentist,
            "state": said(one.gap, asked=bool(one.asked)),
            "asked": [
                {
                    "offer": each.offer.id, "patient": each.name, "at": each.offer.made_at, "until": each.offer.until,
                    "end": each.end,
                }
                for each in one.asked
            ],
            "fits": [{"patient": name, "start": start} for name, start in one.fits],
            "others": [{"patient": name, "why": why} for name, why in one.others],
        }
        for one in freed_by(world, tx, told.target.booking.id)
    ]  # fmt: skip


def _waits(world: World, tx: Tx, told: Explanation) -> dict[str, Any]:
    """Who waits by this event, what was offered, and why what is free now is not (P44); empty where nobody does."""
    if world.practice.waiting is None:
        return {}
    from rules.entry.wished_times import said
    from rules.model import ANY_TIME
    from sync.waiting.report import ENTRY_STATES, of_event

    booking = told.target.booking
    found = of_event(world, tx, told.target.place, booking.id if booking else None)
    if found is None:
        return {}
    entry, one = found.entry, found.entry.standing
    state = ENTRY_STATES[entry.state] if one.fit or entry.why else "à compléter : rien n'est proposé avant"
    return {
        "patient": one.name, "since": entry.since, "state": f"{state} : {entry.why}" if entry.why else state,
        "wish": "toute heure" if one.wish == ANY_TIME else said(one.wish), "dentist": one.dentist,
        "minutes": one.minutes,
        "asked": [
            {"offer": each.offer.id, "start": each.offer.start, "at": each.offer.made_at, "end": each.end}
            for each in found.asked
        ],
        "free": [{"start": gap.start, "dentist": gap.dentist, "why": why} for gap, why in found.free],
    }  # fmt: skip


def _show_waits(world: World, waits: dict[str, Any]) -> None:
    from rules.text.french import day_and_clock, minutes

    zone = world.practice.zone
    title(f"Liste d'attente : {waits['state']}")
    since = f"{waits['since'].astimezone(zone):%d/%m/%Y}"
    paragraph(
        f"{waits['patient']} attend depuis le {since}, {minutes(waits['minutes'])}, "
        f"{world.called(waits['dentist'])} ; souhait : {waits['wish']}."
    )
    asked = [
        (day_and_clock(one["start"]), f"proposé le {one['at'].astimezone(zone):%d/%m à %H:%M}", one["end"])
        for one in waits["asked"]
    ]
    free = [(day_and_clock(one["start"]), "libre", one["why"]) for one in waits["free"]]
    grid([*asked, *free] or [("–", "rien ne lui a été proposé", "aucun créneau n'est libéré en ce moment")])


def _show_freed(world: World, freed: list[dict[str, Any]]) -> None:
    zone = world.practice.zone
    for one in freed:
        title(f"Créneau libéré, {one['start']:%d/%m/%Y %H:%M}, {world.called(one['dentist'])} : {one['state']}")
        asked = [
            (each["patient"], f"proposé le {each['at'].astimezone(zone):%d/%m à %H:%M}", each["end"])
            for each in one["asked"]
        ]
        fits = [(each["patient"], f"à {each['start']:%H:%M}", "convient, à son tour") for each in one["fits"]]
        grid([*asked, *fits, *((each["patient"], "non", each["why"]) for each in one["others"])])


def _must_exist(settings: Any) -> None:
    """Refuse where there is no store yet: asking must not create one."""
    from sync.store.engine import Store

    store = Store(settings.store.get_secret_value(), settings.practice.key)
    try:
        if store.file is not None and not store.file.exists():
            raise Failure("Aucun agenda n'a encore été lu : lancez d'abord « attitre sync ».")
    finally:
        store.close()


def _choose(world: World, found: list[Target], wanted: str, *, json: bool) -> None:
    """Say that nothing, or too much, was found, and end with 1."""
    if not found:
        raise Failure(
            f"Aucun événement ne correspond à « {wanted} ». Donnez des mots du titre, l'UID ou le numéro du "
            "rendez-vous (attitre agenda les montre tous). S'il vient d'être tapé : attitre status dit quand l'agenda "
            "est relu, et attitre sync le lit tout de suite."
        )
    if json:
        as_json({"matches": [_target(one) for one in found]})
    else:
        rows = [(_handle(one), _begin(one), world.called(one.dentist), one.title or "(sans titre)") for one in found]
        grid(rows[:MANY], ("N° ou UID", "Début", "Dentiste", "Titre"), indent=0)
    more = f" (les {MANY} premiers sont montrés)" if len(found) > MANY and not json else ""
    raise Failure(
        f"{len(found)} événements correspondent à « {wanted} »{more}. Choisissez : attitre explain {_handle(found[0])}"
    )


def _handle(one: Target) -> str:
    return str(one.booking.id) if one.booking else one.uid


def _begin(one: Target) -> str:
    return f"{one.start:%d/%m/%Y %H:%M}" if one.start else ""


# --- for a person ----------------------------------------------------------------------------------------------------


def _show(world: World, told: Explanation, freed: list[dict[str, Any]], waits: dict[str, Any]) -> None:
    _which(world, told, waits)
    if told.facts:
        title("Ce qui a été reconnu")
        grid((one.name, one.value, _SOURCES[one.source] + (f" : {one.note}" if one.note else "")) for one in told.facts)
    _findings(world, told)
    if told.plans:
        title("Ce que le patient reçoit")
        grid((_CHANNELS[plan.channel], _planned(plan)) for plan in told.plans)
    if told.messages:
        title("Messages")
        head = ("N°", "Message", "État", "Quand", "À qui, pourquoi")
        grid([_message(one, world) for one in told.messages], head)
    if waits:
        _show_waits(world, waits)
    _show_freed(world, freed)
    title("Dans l'événement")
    for line in _written(told.writing):
        paragraph(line)
    title("Ce qui s'est passé")
    grid([(f"{one.at:%d/%m/%Y %H:%M:%S}", one.text) for one in told.story] or [("–", "rien n'est noté")])


def _which(world: World, told: Explanation, waits: dict[str, Any]) -> None:
    from rules.text.french import day_and_clock, minutes

    one = told.target
    say(one.title or "(sans titre)")
    if one.start and one.end:
        length = minutes(max(int((one.end - one.start).total_seconds() // 60), 0))
        say(f"{day_and_clock(one.start, year=True)}, {length}, {world.called(one.dentist)}")
    number = f"Rendez-vous n° {one.booking.id}. " if one.booking else ""
    paragraph(f"{number}UID {one.uid or '–'}, agenda {one.calendar}, objet {one.ref}", "")
    listed = waits and one.booking is None
    say(f"\nÉtat : {_ON_THE_LIST if listed else _STATES.get(told.state, told.state)}{_turn(told.before)}")


def _turn(before: int | None) -> str:
    from rules.text.french import counted

    if before is None:
        return ""
    return f" : {counted(before, 'événement', 'événements')} avant lui" if before else " : c'est son tour"


def _findings(world: World, told: Explanation) -> None:
    from rules.findings import RULES

    title("Ce qui est signalé" if told.findings else "Rien n'est signalé.")
    for one in told.findings:
        rule = RULES[one.rule]
        paragraph(f"{_SIGNS[one.severity]} {one.text}", "  ", "    ")
        for proposal in one.proposals:
            paragraph(f"→ {proposal}", "    ", "      ")
        paragraph(
            f"règle {one.rule}, {_EFFECTS[one.severity]} ; {rule.point}, la procédure : {_quoted(rule.procedure)}",
            "      ",
        )
        paragraph(f"réglage : {_setting(one)}", "      ")


def _quoted(text: str) -> str:
    return text if text.startswith("«") else f"« {text} »"


def _setting(one: Finding) -> str:
    from rules.findings import RULES

    if RULES[one.rule].fixed:
        return "aucun, cette règle ne s'assouplit pas"
    return f"« rules: {{{one.rule}: error | warning | info | off}} »"


def _planned(plan: Plan) -> str:
    what = KINDS[plan.kind] if plan.kind else "rien de plus"
    due = f", à partir du {plan.due:%d/%m/%Y %H:%M:%S}" if plan.due else ""
    after = f" {plan.reminder[0].upper()}{plan.reminder[1:]}." if plan.reminder else ""
    return f"{what} ({plan.reason}){due}.{after}"


def _message(one: Message, world: World) -> tuple[str, ...]:
    row = one.row
    what = f"{KINDS[row.kind]} par {'SMS' if row.channel == 'sms' else 'e-mail'}"
    moment = (row.done_at or row.next_try or row.due_at).astimezone(world.practice.zone)
    when = f"{'' if row.done_at else 'dès '}{moment:%d/%m/%Y %H:%M:%S}"
    tries = f" ({row.attempts} {'essai' if row.attempts < 2 else 'essais'})" if row.attempts else ""
    why = f" : {one.reason}" if one.reason else ""
    return str(row.id), what, _MESSAGES.get(row.state, row.state), when, f"{row.recipient}{tries}{why}"


def _written(writing: Writing) -> list[str]:
    stands = f"Le retour d'attitre y est, marque « {writing.mark} »" if writing.mark else "Le retour d'attitre y est"
    since = f", écrit le {writing.last:%d/%m/%Y à %H:%M:%S}." if writing.last else "."
    lines = [stands + since] if writing.present else ["Rien d'attitre n'y est écrit."]
    if writing.due:
        tries = f", déjà {writing.attempts} fois tenté" if writing.attempts else ""
        why = f" : {writing.reason}" if writing.reason else ""
        end = f", avec la nouvelle fin à {writing.end:%H:%M}" if writing.end else ""
        lines.append(f"À écrire à partir du {writing.due:%d/%m/%Y à %H:%M:%S}{end}{tries}{why}.")
    elif writing.reason:
        lines.append(f"Rien n'est à écrire : {writing.reason.rstrip('.')}.")
    else:
        lines.append("Rien d'autre n'est à écrire.")
    return lines


# --- for a machine ---------------------------------------------------------------------------------------------------


def _data(told: Explanation) -> dict[str, Any]:
    writing = told.writing
    return {
        "event": _target(told.target), "kind": str(told.kind), "state": told.state, "before": told.before,
        "facts": [
            {"name": one.name, "value": one.value, "source": one.source, "note": one.note} for one in told.facts
        ],
        "findings": [_finding(one) for one in told.findings],
        "plan": [
            {
                "channel": str(one.channel), "message": str(one.kind) if one.kind else None, "reason": one.reason,
                "due": one.due, "reminder": one.reminder,
            }
            for one in told.plans
        ],
        "messages": [_message_data(one) for one in told.messages],
        "writing": {
            "mark": writing.mark, "present": writing.present, "last": writing.last, "due": writing.due,
            "attempts": writing.attempts, "reason": writing.reason, "end": writing.end,
        },
        "journal": [{"at": one.at, "event": one.event, "text": one.text} for one in told.story],
    }  # fmt: skip


def _target(one: Target) -> dict[str, Any]:
    return {
        "booking": one.booking.id if one.booking else None, "uid": one.uid, "recurrence": one.recurrence,
        "dentist": one.dentist, "start": one.start, "end": one.end, "title": one.title, "calendar": one.calendar,
        "ref": one.ref,
    }  # fmt: skip


def _finding(one: Finding) -> dict[str, Any]:
    from rules.findings import RULES

    rule = RULES[one.rule]
    return {
        "rule": one.rule, "severity": str(one.severity), "point": rule.point, "procedure": rule.procedure,
        "text": one.text, "proposals": list(one.proposals), "fixed": rule.fixed, "setting": _setting(one),
    }  # fmt: skip


def _message_data(one: Message) -> dict[str, Any]:
    row = one.row

    def zoned(moment: datetime | None) -> datetime | None:
        return moment.astimezone(row.facts.start.tzinfo) if moment else None

    return {
        "id": row.id, "kind": str(row.kind), "channel": str(row.channel), "recipient": row.recipient,
        "state": row.state, "due": zoned(row.due_at), "next_try": zoned(row.next_try), "done": zoned(row.done_at),
        "attempts": row.attempts, "reason": one.reason,
    }  # fmt: skip

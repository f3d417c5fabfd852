"""Checks that concern several places of the file: one calendar given twice, rules that are off, missing hours.

They read the data as written and not the typed settings, so that an error elsewhere hides none of their problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pydantic_core import PydanticCustomError

from config.addresses import is_open
from config.problems import Where, dotted, meant
from config.scalars import flag
from config.settings import FIELDS
from config.yamlfile import Document
from rules.findings import RULES
from rules.model import Severity
from rules.text.fold import fold
from rules.text.fold import key as folded


def crosscheck(document: Document) -> None:
    """Add the problems of all these checks to the document."""
    checks = (
        _calendars,
        _motifs,
        _abbreviations,
        _names,
        _hours,
        _rules,
        _mandatory,
        _ways,
        _unserved,
        _callback,
        _open_page,
        _shown_nowhere,
        _listed_nowhere,
    )
    for check in checks:
        check(document)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_yes(value: Any) -> bool:
    """Whether that means yes; a word that means neither is told elsewhere."""
    with suppress(ValueError, PydanticCustomError):
        return flag(value) is True
    return False


def _items(value: Any) -> list[tuple[int, dict[str, Any]]]:
    return [(i, item) for i, item in enumerate(value) if isinstance(item, dict)] if isinstance(value, list) else []


def _dentists(document: Document) -> list[tuple[str, dict[str, Any]]]:
    dentists = _mapping(document.data.get("dentists"))
    return [(name, dentist) for name, dentist in dentists.items() if isinstance(dentist, dict)]


def _quoted(document: Document, where: Where, word: Any) -> str:
    return "cette valeur" if document.secret(where) else f"« {word} »"


# --- one thing, one owner --------------------------------------------------------------------------------------------


def _claims(document: Document) -> Iterator[tuple[Where, dict[str, Any]]]:
    for name, dentist in _dentists(document):
        for index, calendar in _items(dentist.get("calendars")):
            yield ("dentists", name, "calendars", index), calendar
    waiting = _mapping(document.data.get("waiting_list")).get("calendar")
    if isinstance(waiting, dict):
        yield ("waiting_list", "calendar"), waiting


def _identity(calendar: dict[str, Any]) -> tuple[str, str] | None:
    address = calendar.get("calendar_id") or calendar.get("url")
    # `calendar` names one of several calendars on a server, all of which have the same `url`
    return (str(address).rstrip("/"), str(calendar.get("calendar") or "")) if address else None


def _calendars(document: Document) -> None:
    """A calendar that two dentists share needs a tag for each of them (P2)."""
    seen: dict[tuple[str, str], list[tuple[Where, str]]] = {}
    for where, calendar in _claims(document):
        identity, tag = _identity(calendar), fold(str(calendar.get("tag") or ""))
        if identity is None:
            continue
        for earlier, other in seen.get(identity, []):
            if not (tag and other and tag != other):
                _claimed(document, where, earlier)
                break
        seen.setdefault(identity, []).append((where, tag))


def _claimed(document: Document, where: Where, earlier: Where) -> None:
    line = document.value_spot(earlier).line
    text = f"cet agenda est déjà celui de « {dotted(earlier[:2])} » (ligne {line})."
    document.report(
        document.value_spot(where), where, text, "Donnez à chacun un « tag: » différent, ou un autre agenda."
    )


def _motifs(document: Document) -> None:
    """A word may name only one motif (P6)."""
    seen: dict[str, Where] = {}
    for index, motif in _items(document.data.get("motifs")):
        also = motif.get("also") if isinstance(motif.get("also"), list) else []
        words: list[tuple[Where, Any]] = [(("motifs", index, "label"), motif.get("label"))]
        words += [(("motifs", index, "also", i), word) for i, word in enumerate(also or [])]
        for where, word in words:
            if not isinstance(word, str) or not fold(word):
                continue
            earlier = seen.setdefault(fold(word), where)
            if earlier != where:
                line = document.value_spot(earlier).line
                text = f"{_quoted(document, where, word)} désigne déjà un motif (ligne {line})."
                document.report(document.value_spot(where), where, text, "Gardez ce mot pour un seul motif.")


def _abbreviations(document: Document) -> None:
    """An abbreviation must stand for a motif of this file or for a known statement (P6)."""
    motifs = [motif for _, motif in _items(document.data.get("motifs"))]
    also = [motif["also"] for motif in motifs if isinstance(motif.get("also"), list)]
    labels = [motif.get("label") for motif in motifs] + [word for listed in also for word in listed]
    known = {folded(str(name)) for name in labels}
    written = _mapping(document.data.get("abbreviations"))
    others = {typed: meaning for typed, meaning in written.items() if folded(str(meaning)) not in known}
    if not others:
        return
    from rules.entry.vocabulary import usual  # most files use no such statement

    for typed, meaning in others.items():
        if folded(str(meaning)) not in usual().statements:
            where = ("abbreviations", typed)
            text = f"{_quoted(document, where, meaning)} n'est ni un motif, ni une phrase connue."
            choices = [*map(str, labels), "nouveau patient", "sans préférence", "première consultation", "suivi"]
            document.report(document.value_spot(where), where, text, meant(str(meaning), choices))


def _names(document: Document) -> None:
    """Two dentists cannot have the same name, as an entry could not tell them apart (P22)."""
    seen: dict[str, str] = {}
    for key, dentist in _dentists(document):
        name = dentist.get("name")
        other = seen.setdefault(fold(name), key) if isinstance(name, str) else key
        if other != key:
            where: Where = ("dentists", key, "name")
            text = f"{_quoted(document, where, name)} est déjà le nom de « {other} »."
            document.report(document.value_spot(where), where, text, "Ajoutez le prénom.")


# --- what is left out ------------------------------------------------------------------------------------------------


def _hours(document: Document) -> None:
    for key, dentist in _dentists(document):
        if not dentist.get("hours"):
            where: Where = ("dentists", key, "hours")
            text = "horaires non déclarés : P9 n'est pas vérifié pour ce dentiste."
            document.report(document.key_spot(where), where, text,
                            'Ajoutez « hours: {mon-fri: "08:30-12:30 14:00-19:00"} ».', Severity.WARNING)  # fmt: skip


def _rules(document: Document) -> None:
    """A warning for each rule that is off, since nobody checks its line of the procedure; a fixed rule cannot be
    (P23)."""
    for name, severity in _mapping(document.data.get("rules")).items():
        rule, where = RULES.get(name), ("rules", name)
        if rule is None or not isinstance(severity, str):
            continue
        word = severity.strip().casefold()
        if rule.fixed and word in tuple(Severity) and word != rule.severity:
            text = f"cette règle ne peut pas être assouplie : « {rule.procedure} »."
            document.report(document.value_spot(where), where, text, "Retirez cette ligne.")
        elif word == Severity.OFF:
            text = f"ligne de procédure désactivée : « {rule.procedure} »."
            document.report(document.value_spot(where), where, text, "", Severity.WARNING)


_FRENCH = {
    "name": "nom et prénom", "birth_date": "date de naissance", "mobile": "téléphone mobile",
    "email": "adresse e-mail", "address": "adresse postale", "motif": "motif",
}  # fmt: skip


def _mandatory(document: Document) -> None:
    chosen = document.data.get("mandatory")
    if not isinstance(chosen, list):
        return
    missing = [_FRENCH[name] for name in FIELDS if name not in chosen]
    if missing:
        text = f"ligne de procédure désactivée : ce qui n'est plus exigé : {', '.join(missing)}."
        document.report(document.key_spot(("mandatory",)), ("mandatory",), text, "", Severity.WARNING)


def _ways(document: Document) -> None:
    messages = _mapping(document.data.get("messages"))
    for name, what in (("email", "e-mail"), ("sms", "SMS")):
        if not messages.get(name):
            where: Where = ("messages", name)
            text = f"aucun {what} n'est configuré : les patients n'en recevront pas."
            document.report(document.key_spot(where), where, text,
                            f"Ajoutez « {name}: » sous « messages: ».", Severity.WARNING)  # fmt: skip


def _unserved(document: Document) -> None:
    """A warning for each section that the file may contain and that has no effect yet."""
    sms = _mapping(_mapping(document.data.get("messages")).get("sms"))
    if sms.get("kind") in ("ovh", "apprise"):
        where: Where = ("messages", "sms", "kind")
        text = f"les SMS « {sms['kind']} » n'enverront rien : cette sorte n'est pas encore servie."
        document.report(document.value_spot(where), where, text, "Employez « kind: http ».", Severity.WARNING)


def _callback(document: Document) -> None:
    """A waiting list needs the page, as patients accept an offer by its link (P39)."""
    if document.data.get("waiting_list") and not _mapping(document.data.get("page")).get("public_url"):
        where: Where = ("waiting_list",)
        text = "sans « page.public_url: », personne ne peut accepter une proposition."
        document.report(
            document.key_spot(where), where, text, "Ajoutez « page: » et son « public_url: ».", Severity.WARNING
        )


def _shown_nowhere(document: Document) -> None:
    """Offers cannot stand in a calendar that there is not, or that takes no events (P44)."""
    waiting = _mapping(document.data.get("waiting_list"))
    calendar = _mapping(waiting.get("calendar"))
    if waiting.get("show_offers_in") != "list" or calendar.get("kind") == "ics":
        return
    text, hint = "", "Mettez « dentist »"
    if not calendar:
        text = "la liste d'attente n'a pas d'agenda où montrer les propositions."
        hint = "Ajoutez « calendar: » sous « waiting_list: », ou mettez « dentist »"
    elif _is_yes(calendar.get("read_only")):
        text = "l'agenda de la liste d'attente est en lecture seule : aucune proposition ne peut y être montrée."
        hint = "Mettez « dentist », ou retirez « read_only: »"
    if text:
        where: Where = ("waiting_list", "show_offers_in")
        document.report(document.value_spot(where), where, text, f"{hint}.")


def _listed_nowhere(document: Document) -> None:
    """Of a feed only the time taken is read: nobody would wait by it (P44)."""
    where: Where = ("waiting_list", "calendar", "kind")
    if _mapping(_mapping(document.data.get("waiting_list")).get("calendar")).get("kind") == "ics":
        text = "un flux « ics » ne dit que le temps occupé : personne n'y serait inscrit."
        document.report(document.value_spot(where), where, text, "Employez « caldav » ou « google ».")


def _open_page(document: Document) -> None:
    """Whoever reads a link on its way can use it (P39)."""
    address = _mapping(document.data.get("page")).get("public_url")
    if isinstance(address, str) and is_open(address):
        where: Where = ("page", "public_url")
        text = "sans https, les liens des patients peuvent être lus en chemin."
        document.report(document.value_spot(where), where, text, "Mettez « https:// ».", Severity.WARNING)

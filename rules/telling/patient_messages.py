"""What a patient reads: one SMS, one letter (P35 to P43). Pure wording; the comment is not even at hand (P19)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Facts, MessageKind, Practice, Send
from rules.telling import offer_words, question_messages, series_messages, spoken_names
from rules.telling.spoken_names import Style
from rules.text import french
from rules.text.gsm7 import fit, segments


class Link(Struct, frozen=True):
    """A button."""

    label: str
    url: str


class Letter(Struct, frozen=True):
    """An e-mail before it has a form. `rows` are (label, value); `changes` are (label, old, new) of what changed.
    `heading`: whose letter it is, before anything else."""

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]
    closing: tuple[str, ...]
    changes: tuple[tuple[str, str, str], ...] = ()
    heading: str = ""


def about_series(send: Send) -> bool:
    """It names several visits of one series; a reminder that names several is about one day."""
    return bool(send.also) and send.kind is not MessageKind.REMINDER


# --- SMS -------------------------------------------------------------------------------------------------------------


def sms(send: Send, practice: Practice, manage_url: str | None = None, *, today: date | None = None) -> str:
    """The text of an SMS, in GSM-7: of the wordings that cost fewest messages (one, unless the names are very long)
    the fullest. Without patient name; with a motif only where the practice wants it (P37).

    Seen from `today`, a day that is far away is said with its year."""
    if send.kind in question_messages.SAID:
        wordings = question_messages.sms_wordings(send, practice, manage_url, today)
        return min((_line(practice, text, tail) for tail, text in wordings), key=segments)
    discreet = replace(practice, policy=replace(practice.policy, motif_in_sms=False))
    say = series_messages.sms_said if about_series(send) else _SAID[send.kind]
    said = [say(send, house, Style(shorter, today)) for house in (practice, discreet) for shorter in (False, True)]
    tight = _tight(send, practice, Style(shorter=True, today=today))
    return min(
        (_line(practice, text, tail) for tail, text in _wordings(said, tight, send, practice, manage_url)), key=segments
    )


def _wordings(
    said: list[str], tight: Iterable[str], send: Send, practice: Practice, manage_url: str | None
) -> list[tuple[str, str]]:
    """Tail and text, best first: a link matters more than a long date, a long date more than a polite phone line."""
    linked = [(manage_url, text) for text in tight] if manage_url else []
    phone = f"Tél. {practice.phone}"
    if send.kind in offer_words.KINDS:
        return [(tail, text) for tail in offer_words.sms_tails(send, practice, manage_url) for text in said]
    if send.kind is MessageKind.CANCELLATION:
        best = [f"Pour reprendre RDV : {practice.phone}", phone]
    elif manage_url and not about_series(send):  # a series is changed by the practice only
        best = [f"Modifier ou annuler : {manage_url} ou {practice.phone}", f"Gérer : {manage_url}", manage_url]
    else:
        best = [f"Pour annuler : {practice.phone}", phone]  # in letters that every telephone has
    full, plain = ([(tail, text) for text in said for tail in tails] for tails in (best, [phone]))
    return [*full, *linked, *plain]


def _tight(send: Send, practice: Practice, style: Style) -> Iterator[str]:
    """What is said where nothing longer leaves room for the link: the page has the rest. The last one leaves out the
    dentist of an appointment that keeps its dentist."""
    now, before = send.facts, send.before or send.facts
    when, who = _sms_when(now, practice, style), spoken_names.short(now.dentist, practice)
    if send.kind is MessageKind.CONFIRMATION:
        yield f"RDV confirmé {when}, {who}."
    elif send.kind is MessageKind.REMINDER and not send.also:
        yield f"rappel RDV {when}, {who}."
    elif send.kind is MessageKind.MODIFICATION and replace(now, start=before.start) == before:
        local = spoken_names.local(before, practice)
        former = f"(avant : {local:%d/%m} à {french.short_clock(local)})"
        yield from (f"RDV déplacé au {when}, {who} {former}.", f"RDV déplacé au {when} {former}.")


def _line(practice: Practice, said: str, tail: str) -> str:
    return fit(" ".join(f"{practice.name} : {said} {tail}".split()))


def _confirmed(send: Send, practice: Practice, style: Style) -> str:
    return f"RDV confirmé le {_appointment(send.facts, practice, style)}."


def _reminded(send: Send, practice: Practice, style: Style) -> str:
    if send.also:
        return f"rappel de vos RDV du {_sms_day(send.facts, practice, style)} : {_several(send, practice)}."
    return f"rappel de votre RDV du {_appointment(send.facts, practice, style)}."


def _several(send: Send, practice: Practice) -> str:
    """Each appointment of the day with hour and dentist, and whose it is where they are not all one person's."""
    every = (send.facts, *send.also)
    family = len({facts.name for facts in every}) > 1
    said = []
    for facts in every:
        hour, who = (
            french.short_clock(spoken_names.local(facts, practice)),
            spoken_names.article(spoken_names.short(facts.dentist, practice)),
        )
        label = _motif_in_sms(facts, practice)
        said.append(f"{facts.name} à " * family + f"{hour} avec {who}" + (f" pour : {label}" if label else ""))
    return french.listed(said, "et")


def _modified(send: Send, practice: Practice, style: Style) -> str:
    """The new appointment, and of the old one what differs (P42)."""
    now, before = send.facts, send.before or send.facts
    moved = now.start != before.start
    place = f", nouvelle adresse : {now.place}" if now.place != before.place else ""
    former = ", ".join(_former(now, before, practice, style))
    lead = "RDV déplacé au" if moved else "RDV modifié :"
    return f"{lead} {_appointment(now, practice, style)}{place}{former and f' (avant : {former})'}."


def _former(now: Facts, before: Facts, practice: Practice, style: Style) -> list[str]:
    pairs = (
        (_sms_when(before, practice, style), now.start != before.start),
        (spoken_names.short(before.dentist, practice), now.dentist != before.dentist),
        (_motif_in_sms(before, practice), now.motif != before.motif),
    )
    return [said for said, differs in pairs if said and differs]


def _cancelled(send: Send, practice: Practice, style: Style) -> str:
    return f"votre RDV du {_appointment(send.before or send.facts, practice, style, motif=False)} est annulé."


_SAID = {
    MessageKind.CONFIRMATION: _confirmed,
    MessageKind.REMINDER: _reminded,
    MessageKind.MODIFICATION: _modified,
    MessageKind.CANCELLATION: _cancelled,
    MessageKind.OFFER: offer_words.sms_said,
    MessageKind.STILL: offer_words.sms_said,
}


def _appointment(facts: Facts, practice: Practice, style: Style, *, motif: bool = True) -> str:
    said = (
        f"{_sms_when(facts, practice, style)} avec {spoken_names.article(spoken_names.short(facts.dentist, practice))}"
    )
    label = _motif_in_sms(facts, practice) if motif else ""
    return f"{said} pour : {label}" if label else said


def _sms_when(facts: Facts, practice: Practice, style: Style) -> str:
    return f"{_sms_day(facts, practice, style)} à {french.short_clock(spoken_names.local(facts, practice))}"


def _sms_day(facts: Facts, practice: Practice, style: Style) -> str:
    return spoken_names.day(spoken_names.local(facts, practice).date(), style)


def _motif_in_sms(facts: Facts, practice: Practice) -> str:
    """The public label, or the label where there is none; nothing unless the practice asked for it (P37)."""
    motif = practice.motif(facts.motif)
    if not practice.policy.motif_in_sms or motif is None:
        return ""
    return motif.public_label or motif.label


# --- e-mail ----------------------------------------------------------------------------------------------------------


def letter(send: Send, practice: Practice, manage_url: str | None = None) -> Letter:
    """The content of an e-mail. No health data in the subject; the motif in the rows (P37)."""
    told = _letter(send, practice, manage_url)
    call = Link(f"Appeler le {practice.phone}", tel_url(practice.phone))
    return replace(told, heading=practice.name, links=(*told.links, call))


def tel_url(phone: str) -> str:
    """What a telephone dials when it is touched (RFC 3966): with the country's code where the number is of
    metropolitan France, else as it was written."""
    digits = re.sub(r"[^\d+]", "", phone)
    national = re.fullmatch(r"0[1-79]\d{8}", digits) and not re.match(r"026[239]|0508|059|069[0-7]", digits)
    return f"tel:+33{digits[1:]}" if national else f"tel:{digits}"


def _letter(send: Send, practice: Practice, manage_url: str | None) -> Letter:
    if about_series(send):
        return _series_letter(send, practice, manage_url)
    if send.kind is MessageKind.CANCELLATION:
        return _farewell(send.before or send.facts, practice)
    if send.also:
        return _day_letter(send, practice)
    if send.kind in question_messages.SAID:
        return _question_letter(send, practice, manage_url)
    if send.kind in offer_words.KINDS:
        return _offer_letter(send, practice, manage_url)
    facts, changes = send.facts, _changes(send, practice)
    manage = (Link("Modifier ou annuler ce rendez-vous", manage_url),) if manage_url else ()
    return Letter(
        subject=f"{_TITLES[send.kind]} : {french.day_and_clock(spoken_names.local(facts, practice), year=True)}",
        greeting="Bonjour,",
        paragraphs=(*_opening(send, practice), *_follows(facts, practice)),
        rows=tuple(row for row in _rows(facts, practice) if row[0] not in {label for label, _, _ in changes}),
        links=(*manage, Link("Itinéraire (Google Maps)", maps_url(facts.place or practice.address))),
        closing=(f"Un empêchement ? Prévenez-nous dès que possible au {practice.phone}.", "À bientôt,", practice.name),
        changes=changes,
    )


def maps_url(address: str) -> str:
    """The keyless link that opens a route to that address (P38)."""
    return f"https://www.google.com/maps/dir/?api=1&destination={quote(address, safe='')}"


_WHEN = "Date et heure"
_TITLES = {
    MessageKind.CONFIRMATION: "Rendez-vous confirmé",
    MessageKind.REMINDER: "Rappel de votre rendez-vous",
    MessageKind.MODIFICATION: "Rendez-vous modifié",
}


def _farewell(facts: Facts, practice: Practice) -> Letter:
    """The cancellation: which appointment, and how to take another (P43)."""
    when = french.day_and_clock(spoken_names.local(facts, practice), year=True)
    who = spoken_names.article(spoken_names.dentist(facts.dentist, practice).name)
    return Letter(
        subject=f"Rendez-vous annulé : {when}",
        greeting="Bonjour,",
        paragraphs=(
            f"Votre rendez-vous du {when} avec {who} est annulé.",
            f"Pour prendre un nouveau rendez-vous, appelez-nous au {practice.phone}.",
        ),
        rows=(("Patient", facts.name),) if facts.name else (),
        links=(),
        closing=("Cordialement,", practice.name),
    )


def _question_letter(send: Send, practice: Practice, manage_url: str | None) -> Letter:
    """A question with its button, and the appointment that it is about (P23, P24)."""
    answer = (Link(question_messages.button(send), manage_url),) if manage_url else ()
    return Letter(
        subject=question_messages.subject(send, practice),
        greeting="Bonjour,",
        paragraphs=question_messages.paragraphs(send, practice),
        rows=_rows(send.facts, practice),
        links=answer,
        closing=(f"Vous pouvez aussi nous appeler au {practice.phone}.", "Cordialement,", practice.name),
    )


def _offer_letter(send: Send, practice: Practice, manage_url: str | None) -> Letter:
    """A freed time with its button, or the question whether the patient still waits (P44)."""
    return Letter(
        subject=offer_words.subject(send, practice),
        greeting="Bonjour,",
        paragraphs=offer_words.paragraphs(send, practice),
        rows=_rows(send.facts, practice) if send.kind is MessageKind.OFFER else (),
        links=(Link(offer_words.button(send), manage_url),) if manage_url else (),
        closing=(f"Vous pouvez aussi nous appeler au {practice.phone}.", "Cordialement,", practice.name),
    )


def _day_letter(send: Send, practice: Practice) -> Letter:
    """One reminder for all appointments of the day (ruling 6): a row each, then place and phone."""
    every = (send.facts, *send.also)
    when = french.day(spoken_names.local(send.facts, practice).date(), year=True)
    rows = [(french.clock(spoken_names.local(facts, practice)), _in_a_row(facts, practice)) for facts in every]
    places = list(dict.fromkeys(facts.place or practice.address for facts in every))
    return Letter(
        subject=f"Rappel de vos rendez-vous : {when}",
        greeting="Bonjour,",
        paragraphs=(f"Nous vous rappelons vos rendez-vous du {when} ({spoken_names.zone(practice)}).",),
        rows=(*rows, *(("Adresse", place) for place in places), ("Téléphone", practice.phone)),
        links=(Link("Itinéraire (Google Maps)", maps_url(places[0])),),
        closing=(f"Un empêchement ? Prévenez-nous dès que possible au {practice.phone}.", "À bientôt,", practice.name),
    )


def _series_letter(send: Send, practice: Practice, manage_url: str | None) -> Letter:
    """One letter for the visits of a series (ruling 17): its rhythm, its next date, and the dates."""
    every, cancelled = series_messages.every(send), send.kind is MessageKind.CANCELLATION
    opening = f"Vos rendez-vous sont {_SERIES[send.kind]} : {_when(every, send, practice)}."
    upcoming = f"Prochain rendez-vous : {series_messages.next_said(send, practice)} ({spoken_names.zone(practice)})."
    again = f"Pour prendre un nouveau rendez-vous, appelez-nous au {practice.phone}."
    dates = ("Dates", series_messages.dates_said(every, practice, goes_on=send.goes_on))
    lengths = 1 if len({facts.minutes for facts in every}) == 1 else 2  # of visits that differ no length is said
    rest = () if cancelled else (*_told(send.facts, practice)[lengths:], ("Téléphone", practice.phone))
    rows = (("Patient", send.facts.name), dates, *rest)
    maps = Link("Itinéraire (Google Maps)", maps_url(send.facts.place or practice.address))
    manage = (Link("Être rappelé(e) pour un changement", manage_url),) if manage_url else ()
    closing = f"Un empêchement ? Prévenez-nous dès que possible au {practice.phone}."
    return Letter(
        subject=f"Rendez-vous {_SERIES[send.kind]} : {series_messages.subject_said(send, practice)}",
        greeting="Bonjour,",
        paragraphs=(opening, again) if cancelled else (opening, upcoming, *_follows(send.facts, practice)),
        rows=tuple((label, value) for label, value in rows if value),
        links=() if cancelled else (*manage, maps),
        closing=("Cordialement,", practice.name) if cancelled else (closing, "À bientôt,", practice.name),
        changes=_series_changes(send, practice),
    )


def _when(facts: Sequence[Facts], send: Send, practice: Practice) -> str:
    return series_messages.when_said(facts, practice, goes_on=send.goes_on)


def _series_changes(send: Send, practice: Practice) -> tuple[tuple[str, str, str], ...]:
    """Old and new of what differs: the dates of all, the rest as of the first."""
    before = series_messages.every_before(send)
    if send.kind is not MessageKind.MODIFICATION or not before:
        return ()
    dates = ("Dates et heures", _when(before, send, practice), _when(series_messages.every(send), send, practice))
    rest = zip(_told(before[0], practice)[1:], _told(send.facts, practice)[1:], strict=True)
    found = (dates, *((label, old, new) for (label, old), (_, new) in rest))
    return tuple((label, old or "–", new or "–") for label, old, new in found if old != new)


_SERIES = {
    MessageKind.CONFIRMATION: "confirmés",
    MessageKind.MODIFICATION: "modifiés",
    MessageKind.CANCELLATION: "annulés",
}


def _in_a_row(facts: Facts, practice: Practice) -> str:
    """`DUPONT Marie, Dr Claire Martin (Dentiste), Détartrage, 30 min`."""
    dentist = spoken_names.dentist(facts.dentist, practice)
    who = f"{dentist.name} ({dentist.specialty})" if dentist.specialty else dentist.name
    return ", ".join(word for word in (facts.name, who, _motif(facts), french.minutes(facts.minutes)) if word)


def _opening(send: Send, practice: Practice) -> tuple[str, ...]:
    if send.kind is MessageKind.REMINDER:
        return ("Nous vous rappelons votre rendez-vous.",)
    if send.kind is MessageKind.CONFIRMATION or send.before is None:
        return ("Votre rendez-vous est confirmé.",)
    return ("Votre rendez-vous a été modifié.",)


def _follows(facts: Facts, practice: Practice) -> tuple[str, ...]:
    """Without preference: the patient learns who will follow them (P25)."""
    who = spoken_names.article(spoken_names.dentist(facts.dentist, practice).name)
    return (f"Vous serez suivi(e) par {who}.",) if facts.will_follow else ()


def _rows(facts: Facts, practice: Practice) -> tuple[tuple[str, str], ...]:
    told = _told(facts, practice, f" ({spoken_names.zone(practice)})")
    rows = (("Patient", facts.name), *told, ("Téléphone", practice.phone))
    return tuple((label, value) for label, value in rows if value)


def _told(facts: Facts, practice: Practice, zone: str = "") -> tuple[tuple[str, str], ...]:
    """What concerns the patient, in words: the same labels for the rows and for what changed."""
    dentist = spoken_names.dentist(facts.dentist, practice)
    return (
        (_WHEN, f"{french.day_and_clock(spoken_names.local(facts, practice), year=True)}{zone}"),
        ("Durée", french.minutes(facts.minutes)),
        ("Praticien", ", ".join(word for word in (dentist.name, dentist.specialty) if word)),
        ("Motif", _motif(facts)),
        ("Adresse", facts.place or practice.address),
    )


def _motif(facts: Facts) -> str:
    """`Détartrage – première consultation` (P26)."""
    words = [facts.motif or "", "première consultation" if facts.first_visit else ""]
    said = " – ".join(word for word in words if word)
    return said[:1].upper() + said[1:]


def _changes(send: Send, practice: Practice) -> tuple[tuple[str, str, str], ...]:
    """Old and new of what differs, for a modification (P42)."""
    if send.kind is not MessageKind.MODIFICATION or send.before is None:
        return ()
    zone = f" ({spoken_names.zone(practice)})"
    pairs = zip(_told(send.before, practice), _told(send.facts, practice), strict=True)
    found = ((label, old, new) for (label, old), (_, new) in pairs if old != new)
    return tuple((label, old or "–", f"{new or '–'}{zone if label == _WHEN else ''}") for label, old, new in found)

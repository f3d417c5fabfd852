"""The text of one message about the visits of a series: rhythm, number, next date (ruling 17)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from rules.model import Facts, MessageKind, Practice, Send
from rules.telling import spoken_names
from rules.telling.rhythm import LEAST, rhythm
from rules.telling.spoken_names import Style
from rules.text import french

FIRST_IN_SMS, FIRST_IN_LETTER = 3, 12


def every(send: Send) -> tuple[Facts, ...]:
    """All visits that the message is about, in order."""
    return (send.facts, *send.also)


def every_before(send: Send) -> tuple[Facts, ...]:
    """What the patient knew about these visits, in order of time; empty if nothing."""
    return tuple(sorted((send.before, *send.also_before), key=lambda one: one.start)) if send.before else ()


def moved(send: Send) -> bool:
    """Whether any visit has another date or hour."""
    before = every_before(send)
    return bool(before) and [one.start for one in before] != [one.start for one in every(send)]


# --- SMS -------------------------------------------------------------------------------------------------------------


def sms_said(send: Send, practice: Practice, style: Style) -> str:
    """The SMS about these visits, without the practice's name and telephone. `style.shorter`: dates in figures, no next
    date."""
    label = _label(send.facts, practice)
    what = f"{_sms_when(send, practice, style)}{f' pour : {label}' if label else ''}"
    if send.kind is MessageKind.CANCELLATION:
        return f"vos RDV sont annulés : {_sms_when(send, practice, style)}."
    if send.kind is MessageKind.CONFIRMATION:
        return f"RDV confirmés : {what}."
    lead = "RDV déplacés" if moved(send) else "RDV modifiés"
    place = f", nouvelle adresse : {send.facts.place}" if send.before and send.facts.place != send.before.place else ""
    former = ", ".join(_former(send, practice, style))
    return f"{lead} : {what}{place}{former and f' (avant : {former})'}."


def _sms_when(send: Send, practice: Practice, style: Style) -> str:
    """`chaque mardi à 9h30 avec le Dr Martin, 8 séances du 9 mars au 27 avril ; prochaine : mardi 9 mars`."""
    starts = _starts(every(send), practice)
    who = f"avec {spoken_names.article(spoken_names.short(send.facts.dentist, practice))}"
    found = rhythm(starts)
    if found is None:
        return f"{len(starts)} séances {who} : {_first_ones(starts, style)}"
    said = f"{found.words} à {french.short_clock(starts[0])} {who}{_except(found.without, style.shorter)}"
    first, last = spoken_names.day(starts[0].date(), style), starts[-1].date()
    if send.kind is MessageKind.CANCELLATION:
        return f"{said}, à partir du {first}" if send.goes_on else f"{said}, {len(starts)} séances {_span(starts)}"
    if send.goes_on:
        return f"{said} ; prochaine séance : {first}"
    if not style.shorter:
        return f"{said}, {len(starts)} séances {_span(starts)} ; prochaine : {first}"
    end = "" if send.kind is MessageKind.MODIFICATION else f", dernière le {_figures(last, starts[0].date())}"
    return f"{said}, {len(starts)} séances, prochaine le {starts[0]:%d/%m}{end}"


def _first_ones(starts: Sequence[datetime], style: Style) -> str:
    shown = starts if len(starts) <= FIRST_IN_SMS else starts[: 2 if style.shorter else FIRST_IN_SMS]
    said = [f"{spoken_names.day(one.date(), style)} à {french.short_clock(one)}" for one in shown]
    more = len(starts) - len(shown)
    if not more:
        return french.listed(said, "et")
    last = spoken_names.day(starts[-1].date(), style)
    others = "autre le" if more == 1 else "autres jusqu'au"
    return f"{', '.join(said)} et {more} {others} {last}"


def _former(send: Send, practice: Practice, style: Style) -> list[str]:
    """What differs from what the patient knew."""
    before = every_before(send)
    if not before:
        return []
    pairs = (
        (_sms_rhythm(_starts(before, practice), style), moved(send)),
        (spoken_names.short(before[0].dentist, practice), before[0].dentist != send.facts.dentist),
        (_label(before[0], practice), before[0].motif != send.facts.motif),
    )
    return [said for said, differs in pairs if said and differs]


def _sms_rhythm(starts: Sequence[datetime], style: Style) -> str:
    found, hour = rhythm(starts), french.short_clock(starts[0])
    return f"{found.words} à {hour}" if found else f"{_first_ones(starts, style)}"


def _label(facts: Facts, practice: Practice) -> str:
    motif = practice.motif(facts.motif)
    return (motif.public_label or motif.label) if practice.policy.motif_in_sms and motif else ""


# --- e-mail ----------------------------------------------------------------------------------------------------------


def subject_said(send: Send, practice: Practice) -> str:
    """`8 séances, chaque mardi à 9 h 30`; without a rhythm, the first date."""
    starts = _starts(every(send), practice)
    found = rhythm(starts)
    number = "" if send.goes_on else f"{len(starts)} séances"
    if found is None:
        return f"{len(starts)} séances à partir du {french.day(starts[0].date(), year=True)}"
    return ", ".join(word for word in (number, f"{found.words} à {french.clock(starts[0])}") if word)


def when_said(facts: Sequence[Facts], practice: Practice, *, goes_on: bool = False) -> str:
    """`chaque mardi à 9 h 30, 8 séances, du 9 mars au 27 avril 2027`; without a rhythm, the number and the first and
    last date."""
    starts = _starts(facts, practice)
    found = rhythm(starts)
    if found is None and len(starts) < LEAST:
        return french.listed((french.day_and_clock(one, year=True) for one in starts), "et")
    if found is None:
        return f"{len(starts)} séances, {_span(starts, year=True)}"
    said = f"{found.words} à {french.clock(starts[0])}{_except(found.without, shorter=False)}"
    if goes_on:
        return f"{said}, à partir du {french.day(starts[0].date(), year=True)}"
    return f"{said}, {len(starts)} séances, {_span(starts, year=True)}"


def next_said(send: Send, practice: Practice) -> str:
    """`mardi 9 mars 2027 à 9 h 30`."""
    return french.day_and_clock(spoken_names.local(send.facts, practice), year=True)


def dates_said(facts: Sequence[Facts], practice: Practice, *, goes_on: bool = False) -> str:
    """The dates, of many only the first ones; with the hours if no rhythm says them."""
    starts = _starts(facts, practice)
    shown = starts if len(starts) <= FIRST_IN_LETTER and not goes_on else starts[:FIRST_IN_LETTER]
    alike = rhythm(starts) is not None
    said = [french.day(one.date()) if alike else french.day_and_clock(one) for one in shown]
    if goes_on:
        return f"{', '.join(said)}, et ainsi de suite"
    more = len(starts) - len(shown)
    last = french.day(starts[-1].date(), year=True)
    return f"{', '.join(said)} et {more} autres jusqu'au {last}" if more else french.listed(said, "et")


# --- both ------------------------------------------------------------------------------------------------------------


def _starts(facts: Sequence[Facts], practice: Practice) -> list[datetime]:
    return sorted(spoken_names.local(one, practice) for one in facts)


def _span(starts: Sequence[datetime], *, year: bool = False) -> str:
    """`du 9 mars au 27 avril`; with the year if asked, or if the two differ."""
    first, last = starts[0].date(), starts[-1].date()
    other = first.year != last.year
    return f"du {_bare(first, year=year and other)} au {_bare(last, year=year or other)}"


def _figures(day: date, first: date) -> str:
    """`27/04`, with the year if it differs from that of `first`."""
    return f"{day:%d/%m}" if day.year == first.year else f"{day:%d/%m/%y}"


def _except(left_out: Sequence[date], shorter: bool) -> str:
    if not left_out:
        return ""
    said = french.listed((f"{day:%d/%m}" if shorter else _bare(day) for day in left_out), "et")
    return f" (sauf {'le' if len(left_out) == 1 else 'les'} {said})"


def _bare(day: date, *, year: bool = False) -> str:
    """`9 mars`."""
    return french.day(day, year=year).partition(" ")[2]

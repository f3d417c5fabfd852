"""Reads how an appointment ended (section 7): `Absent`, `Retard 15 min`, `abs 09:40 urgence`."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from msgspec import Struct
from msgspec.structs import replace

from rules.model import Outcome, OutcomeKind
from rules.text.fold import key

_HEADS = {
    OutcomeKind.UNEXCUSED: r"(?:absen(?:te?|ce)|abs)?\s*non[\s-]excus[ée]e?s?|injustifi[ée]e?",
    OutcomeKind.EXCUSED: r"(?:absen(?:te?|ce)|abs)?\s*excus[ée]e?s?",
    OutcomeKind.CANCELLED: (
        r"(?:a\s+)?annul[ée]e?s?|annulation|(?:a\s+)?d[ée]command[ée]e?"
        r"|(?:a\s+)?(?:appel[ée]e?|t[ée]l[ée]phon[ée]e?|pr[ée]venue?)\s+pour\s+annuler"
    ),
    OutcomeKind.ABSENT: (
        r"absen(?:te?|ce)|abs|(?:n['’]est\s+|est\s+)?(?:pas|non|point)\s+venue?"
        r"|(?:ne\s+)?(?:s['’]est\s+|est\s+)?(?:pas|non|jamais)\s+(?:pr[ée]sent[ée]e?|pr[ée]sente?)"
        r"|(?:n['’]a\s+)?(?:pas|non)\s+vue?(?!\s+(?:depuis|par|avec))|(?:a\s+)?(?:pos[ée]\s+un\s+)?lapin|no[\s-]?show"
        r"|(?:a\s+)?(?:oubli[ée]e?|zapp[ée]e?)\s+(?:(?:son|le|du|ce)\s+)?(?:rdv|rv|rendez[\s-]vous)"
        r"|(?:n['’]a\s+)?(?:pas|non)\s+(?:honor[ée]e?|pu\s+venir)|emp[êe]ch[ée]e?|(?:n['’](?:[ée]tait|est)\s+)pas\s+l[àa]"
        r"|(?:rdv|rv|rendez[\s-]vous)\s+manqu[ée]|(?:a\s+)?manqu[ée]\s+(?:son|le)\s+(?:rdv|rv|rendez[\s-]vous)"
        r"|s['’]est\s+tromp[ée]e?\s+(?:de\s+(?:jour|date|semaine|rdv|cr[ée]neau)|d['’]heure|d['’]horaire)"
        r"|ne\s+(?:vient|viendra|venait)\s+pas|ne\s+p(?:eut|ourra|ouvait)\s+(?:pas|plus)\s+venir"
    ),
    OutcomeKind.LATE: (
        r"(?:en\s+)?retard(?:\s+de)?\s*:?\s*(?P<delay>\d{1,3})?(?P<unit>\s*h\b)?(?:\s*(?:minutes?|mins?|mn|'))?"
        r"|(?:avec\s+)?(?P<ahead>\d{1,3})\s*(?:minutes?|mins?|mn|')\s*(?:de\s+)?retard"
    ),
    OutcomeKind.ARRIVED: r"arriv[ée]e?s?|(?:est\s+)?venue?s?(?=\s+(?:en\s+)?retard)",
    OutcomeKind.NOTIFIED: r"(?:a\s+)?pr[ée]venue?s?",
    OutcomeKind.HONOURED: (
        r"honor[ée]e?s?|(?<!\w\s)(?:(?:est\s+)?venue?s?|pr[ée]sente?s?|vue?s?)(?=\s*(?:$|[.,;!)\]–—/-]))"
    ),
}
_MONTHS = (
    "janv(?:ier)?", "f[ée]v(?:rier)?", "mars", "avril", "mai", "juin", "juil(?:let)?", "ao[ûu]t", "sept(?:embre)?",
    "oct(?:obre)?", "nov(?:embre)?", "d[ée]c(?:embre)?",
)  # fmt: skip
_PART = r"(?:\s+(?:au\s+)?(?:soir|matin|midi|apr[èe]s[\s-]midi))?\b"
_BEGINNINGS = (
    "abs ann app arr non pas est exc en emp inj dec pos poi pre lap no oub zap ret hon ven vu vue vus tel n ne s a nos"
    " man"
)
_STEMS = frozenset(_BEGINNINGS.split())  # the first letters of all of these, folded
_HEAD = re.compile("|".join(rf"(?P<{kind}>\b(?:{words})(?![\w]))" for kind, words in _HEADS.items()), re.IGNORECASE)
_FOLLOWS = re.compile(
    r"(?P<patient>\bpar\s+(?:(?:le|la)\s+)?(?:patiente?|m[èe]re|p[èe]re|famille)\b)"
    r"|(?P<practice>\bpar\s+(?:nous|(?:(?:le|la)\s+)?(?:cabinet|dentiste|praticien(?:ne)?|secr[ée]tariat)|(?:le\s+)?dr\s+\w+))"
    r"|(?P<date>\b(?:le\s+|du\s+)?\d{1,2}[/.]\d{1,2}(?:[/.]\d{2,4})?(?!\d))"
    rf"|(?P<named>\b(?:le\s+|du\s+)?\d{{1,2}}(?:er)?\s+(?:{'|'.join(_MONTHS)})\b(?:\s+20\d\d\b)?)"
    r"|(?P<eve>\bla\s+veille(?:\s+au\s+(?:soir|matin))?\b)|(?P<morning>\b(?:ce|le)\s+matin(?:\s+m[êe]me)?\b)"
    rf"|(?P<vague>\b(?:avant[\s-]hier|hier|tout\s+[àa]\s+l'heure){_PART})"
    rf"|(?P<weekday>\b(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)\b(?:\s+dernier)?{_PART})"
    r"|(?P<time>(?:\b(?:à|a|vers)\s*|\b)\d{1,2}\s?(?:h|:)\s?(?:\d{2})?(?![\d\w]))"
    r"|(?P<called>\b(?:a\s+)?(?:appel[ée]e?|t[ée]l[ée]phon[ée]e?)(?=\s+(?:ce|le|hier|la\s+veille|[àa]\s*\d|vers\s*\d|\d)))"
    r"|(?P<urgent>\b(?:en\s+)?urgen(?:ce|te?)\b(?:\s*[:=]?\s*oui\b)?|\b(?:enfant\s+)?malades?\b|\bhospitalis[ée]e?\b|\baccident\b"
    r"|\bgastro\b|\bgrippe\b|\bfi[èe]vre\b|\bcovid\b|\bd[ée]c[èe]s\b)"
    r"|(?P<filler>[\s,.:;=()!–—-]+|\bpar\s+(?:t[ée]l(?:[ée]phone)?|mail|sms)\b|\bsans\s+pr[ée]venir\b|\brdv\b|\boui\b"
    r"|\bqu['’](?:il|elle)\s+ne\s+(?:viendrait|pourrait)\s+pas(?:\s+venir)?\b)",
    re.IGNORECASE,
)


class Said(Struct, frozen=True):
    """What one text says of the outcome, and the text around it (`before`, `after`) that says something else."""

    outcome: Outcome
    before: str
    after: str

    @property
    def believable(self) -> bool:
        """Whether it is an outcome, and not a sentence that only begins like one: `Absent le mardi` in a patient's
        wishes."""
        said = self.outcome
        sure = said.kind in {OutcomeKind.CANCELLED, *_CLASSED} or said.at or said.notified or said.minutes
        return not self.after.strip() or (bool(sure) and len(self.after.split()) <= 4)


def read(text: str, start: datetime, *, stands: Callable[[int, int], bool] | None = None) -> Said | None:
    """The outcome that a text begins with; with `stands`, the first that it holds at a place (from, to) where a status
    stands. None where it says none.

    `start` is the appointment's begin in the practice's zone: days without a year and hours without a day are read
    beside it.
    """
    anywhere = stands is not None
    text = text if anywhere else _CALLED_OFF.sub(r"\1\3\2", text)
    head = _HEAD.match(text, _lead(text)) if stands is None else _standing(text, stands)
    if not head:
        return None
    outcome, end, told = Outcome(OutcomeKind.UNSAID), head.start(), False
    while end < len(text):
        found = _HEAD.match(text, end) or _FOLLOWS.match(text, end)
        if not found or found.end() == end:
            break
        if found.lastgroup == "weekday" and outcome.kind not in {OutcomeKind.NOTIFIED, OutcomeKind.CANCELLED}:
            break  # `Absent mardi` is somebody's wish
        told = told or found.lastgroup not in {"filler", "notified"}
        outcome, end = _with(outcome, found, start), found.end()
    outcome = _settled(outcome)
    if not told or not outcome.kind:
        return None
    return (
        _with_late_minutes(Said(outcome, text[: head.start()], text[end:]))
        if anywhere
        else Said(outcome, "", text[end:])
    )


_CALLED_OFF = re.compile(  # `a appelé la veille pour annuler`: what was done first, then when
    r"((?:appel[ée]e?|t[ée]l[ée]phon[ée]e?|pr[ée]venue?))(\s[^,.;]{1,40}?)(\spour\s+annuler)\b", re.IGNORECASE
)


def _lead(text: str) -> int:
    """Where the outcome begins: after `Patiente`, `Elle`, `Mme`."""
    found = _LEAD.match(text)
    return found.end() if found else 0


_LEAD = re.compile(
    r"\s*(?:(?:le|la)\s+)?(?:patiente?|pte?|rdv|rv|elle|il|l['’]enfant|enfant|mme|mr?\.?)\s+", re.IGNORECASE
)


def _standing(text: str, stands: Callable[[int, int], bool]) -> re.Match[str] | None:
    if all(word[:3] not in _STEMS for word in key(text).split()):
        return None  # an ordinary title: nine tenths of what is read
    return next((found for found in _HEAD.finditer(text) if stands(*found.span())), None)


_MINUTES = re.compile(r"(?<![\d/.])(\d{1,3})\s?(?:minutes?|mins?|mn|')(?!\w)", re.IGNORECASE)


def _with_late_minutes(said: Said) -> Said:
    """The outcome with minutes that follow the name: `Retard DUPONT Marie 15 min`."""
    found = _MINUTES.search(said.after)
    if said.outcome.kind != OutcomeKind.LATE or said.outcome.minutes is not None or not found:
        return said
    after = said.after[: found.start()] + said.after[found.end() :]
    return replace(said, outcome=replace(said.outcome, minutes=int(found[1])), after=after)


def _with(outcome: Outcome, found: re.Match[str], start: datetime) -> Outcome:
    """The outcome after one more piece."""
    said = found.groupdict()
    if found.re is _HEAD:
        kind = next(kind for kind in _HEADS if said[kind] is not None)
        late = int(said["delay"]) * (60 if said["unit"] else 1) if said["delay"] else outcome.minutes
        late = int(said["ahead"]) if said["ahead"] else late
        notified = start if kind == OutcomeKind.NOTIFIED else outcome.notified
        off = _off(outcome.kind, kind) or outcome.called_off
        kind, doubt = _both(outcome.kind, kind)
        told = replace(outcome, kind=kind, minutes=late, notified=notified, doubt=outcome.doubt or doubt)
        return replace(told, called_off=off)
    if said["urgent"] or said["called"]:
        notified = outcome.notified or (start if said["called"] else None)
        return replace(outcome, urgent=outcome.urgent or bool(said["urgent"]), notified=notified)
    if said["patient"] or said["practice"]:
        return replace(outcome, by_patient=bool(said["patient"]))
    if said["vague"] or said["weekday"]:
        return replace(outcome, doubt=outcome.doubt or f"« {found[0].strip()} » n'est pas une date")
    if said["filler"]:
        return outcome
    moment, doubt = _moment(found, outcome.at, start)
    return replace(outcome, at=moment, doubt=outcome.doubt or doubt)


_STRENGTH = (
    OutcomeKind.UNSAID, OutcomeKind.NOTIFIED, OutcomeKind.HONOURED, OutcomeKind.LATE, OutcomeKind.ABSENT,
    OutcomeKind.ARRIVED, OutcomeKind.CANCELLED, OutcomeKind.EXCUSED, OutcomeKind.UNEXCUSED,
)  # fmt: skip
_CLASSED = frozenset({OutcomeKind.EXCUSED, OutcomeKind.UNEXCUSED})
_AWAY = frozenset({OutcomeKind.ABSENT, OutcomeKind.CANCELLED, *_CLASSED})
_THERE = frozenset({OutcomeKind.ARRIVED, OutcomeKind.HONOURED})
_WORDS = {
    OutcomeKind.ABSENT: "Absent", OutcomeKind.CANCELLED: "Annulé", OutcomeKind.EXCUSED: "Absent excusé",
    OutcomeKind.UNEXCUSED: "Absent non excusé",
    OutcomeKind.ARRIVED: "Arrivé", OutcomeKind.HONOURED: "Honoré",
}  # fmt: skip


def _both(one: OutcomeKind, other: OutcomeKind) -> tuple[OutcomeKind, str]:
    """(the kind of outcome of two words together, why it is in doubt). A contradiction is left to the user."""
    if OutcomeKind.CONTRADICTORY in {one, other}:
        return OutcomeKind.CONTRADICTORY, ""
    two = {one, other}
    if (two & _AWAY and two & _THERE) or two == _CLASSED:
        return OutcomeKind.CONTRADICTORY, f"« {_WORDS[one]} » et « {_WORDS[other]} » sont tapés tous les deux"
    return max(one, other, key=_STRENGTH.index), ""


def _off(one: OutcomeKind, other: OutcomeKind) -> bool:
    """Whether one of the two cancels and the other classifies the resulting absence."""
    return OutcomeKind.CANCELLED in {one, other} and not _CLASSED.isdisjoint({one, other})


def _moment(found: re.Match[str], known: datetime | None, start: datetime) -> tuple[datetime | None, str]:
    """The moment after one more piece, and what of it is not understood: a day keeps the hour that is known, an hour
    the day."""
    said = found.groupdict()
    day = known.date() if known else start.date()
    clock, doubt = known.time() if known else time(0), ""
    if said["eve"]:
        day = start.date() - timedelta(days=1)
    elif said["morning"]:
        clock = time(8) if clock == time(0) else clock
    elif said["date"] or said["named"]:
        read_day, doubt = _day(_parts(said["date"] or said["named"]), start.date())
        day = read_day or day
        doubt = doubt and f"« {found[0].strip()} » {doubt}"
    elif said["time"]:
        hour, minute = [*map(int, re.findall(r"\d+", said["time"])), 0][:2]
        if hour < 24 and minute < 60:
            clock = time(hour, minute)
        else:
            doubt = f"« {found[0].strip()} » n'est pas une heure"
    return datetime.combine(day, clock, start.tzinfo), doubt


def _parts(text: str) -> list[int]:
    """Day, month and, where it is said, year."""
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    month = next((n for n, name in enumerate(_MONTHS, 1) if re.search(rf"\s{name}\b", text, re.IGNORECASE)), None)
    return numbers if month is None else [numbers[0], month, *numbers[1:]]


_LONG_AGO = timedelta(days=180)


def _day(parts: list[int], beside: date) -> tuple[date | None, str]:
    """The day, and what is wrong with it; without a year the last one that is not after the appointment.

    A day that would be long ago may be one after the appointment as well: then the year is asked for.
    """
    years = [parts[2] % 100 + 2000] if len(parts) > 2 else [beside.year, beside.year - 1]
    for year in years:
        try:
            day = date(year, parts[1], parts[0])
        except ValueError:
            continue
        if len(parts) > 2:
            return day, ""
        if day <= beside:
            return day, "ne dit pas de quelle année" if beside - day > _LONG_AGO else ""
    return None, "n'est pas une date"


def _settled(outcome: Outcome) -> Outcome:
    """The outcome with its time: the notice of an absence, or the arrival of a late patient."""
    if outcome.kind in {OutcomeKind.NOTIFIED, OutcomeKind.ABSENT, *_CLASSED}:
        unsaid = outcome.kind == OutcomeKind.ABSENT and outcome.notified and not outcome.at
        return replace(outcome, notified=outcome.at, at=None, doubt=outcome.doubt or (_UNSAID if unsaid else ""))
    if outcome.kind == OutcomeKind.CANCELLED and outcome.by_patient is not False:
        return replace(outcome, notified=outcome.at)
    if outcome.kind == OutcomeKind.LATE and outcome.notified:
        return replace(outcome, notified=outcome.at or outcome.notified, at=None)
    return outcome


_UNSAID = "« prévenu » est tapé, mais on ne sait pas quand"


def concluded(outcome: Outcome | None, urgent: bool, warned: datetime | None = None) -> Outcome | None:
    """The outcome once everything is read: notice alone (`Prévenu le 12/03`) is notice of an absence.

    `urgent`, `warned`: lines that say only `Urgence` or `Prévenu` beside it; `warned` is the appointment's begin.
    """
    if outcome is None:
        return None
    kind = OutcomeKind.ABSENT if outcome.kind == OutcomeKind.NOTIFIED else outcome.kind
    outcome = replace(outcome, kind=kind, urgent=outcome.urgent or urgent)
    if warned is None or outcome.notified:
        return outcome
    if kind == OutcomeKind.LATE:
        return replace(outcome, notified=warned)
    asked = kind in {OutcomeKind.ABSENT, OutcomeKind.CANCELLED}
    return replace(outcome, doubt=outcome.doubt or _UNSAID) if asked else outcome


def merged(one: Outcome | None, other: Outcome) -> Outcome:
    """The outcome of two lines of one entry: `Retard 15 min` and `Arrivé 14:43`."""
    if one is None:
        return other
    kind, doubt = _both(one.kind, other.kind)
    return Outcome(
        kind=kind,
        minutes=one.minutes if other.minutes is None else other.minutes,
        at=other.at or one.at,
        notified=other.notified or one.notified,
        urgent=one.urgent or other.urgent,
        by_patient=one.by_patient if other.by_patient is None else other.by_patient,
        doubt=one.doubt or other.doubt or doubt,
        called_off=one.called_off or other.called_off or _off(one.kind, other.kind),
    )

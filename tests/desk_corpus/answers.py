"""One entry played: she saves it in a practice of its own, a pass later it has been read; what came back is compared
with what is right.

Each entry finds the store as it was with the directory and after a first pass, so that none sees another's bookings,
and the whole engine answers: calendar, store, rules, messages, the event as she finds it. The file is put back for each
entry, its engine stays: SQLAlchemy compiles a statement once an engine, which would be half of an entry's time.
"""

import copy
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from pathlib import Path
from urllib.parse import quote

from msgspec.structs import replace

from rules.model import Patient, Practice
from sync.core.context import Source
from sync.store import bookings, nameindex
from sync.store.bookings import BookingRow
from tests.desk import Desk, Event, make_desk, moment
from tests.desk_corpus.entries import ENDED, SILENT, DeskEntry
from tests.desk_corpus.practice import PRACTICE, people
from tests.office import PARIS, ics, make_office


@dataclass(frozen=True)
class Template:
    """The practice before any entry: its store's file, kept, and its calendars as they were read."""

    kept: Path
    desk: Desk


def template(folder: Path) -> Template:
    """The directory stored, the calendars read once. Dr Bernard has no time before 1 December at 10:00, so that nobody
    without preference could be seen sooner by him (P25)."""
    desk = make_desk(folder, PRACTICE, people())
    desk.keeps_days("Congés", "24/11", "30/11", dentist="bernard")
    desk.books("Formation", at="01/12 08:30", minutes=90, dentist="bernard")
    _close(desk)
    kept = folder / "kept.db"
    shutil.copy(folder / "lilas.db", kept)
    return Template(kept, desk)


def _close(desk: Desk) -> None:
    """The store's file is whole again, and nothing of it is open."""
    desk.office.world.store.close()


@dataclass(frozen=True)
class Answer:
    """What came back. `told`: numbers that a message went to because of this entry; `booking` as the store has it."""

    mark: str
    lines: tuple[str, ...]
    fields: tuple[str, ...]
    told: tuple[str, ...]
    booking: BookingRow | None
    directory: tuple[Patient, ...]

    @property
    def wrong(self) -> list[str]:
        """The lines that block."""
        return [line for line in self.lines if line.startswith("✗")]

    @property
    def worded(self) -> list[str]:
        """The lines that block or warn."""
        return [line for line in self.lines if line.startswith(("✗", "!"))]

    @property
    def offered(self) -> str:
        """The proposals."""
        return "\n".join(line for line in self.lines if line.lstrip().startswith("→"))


def played(entry: DeskEntry, base: Template) -> Answer:
    """The entry saved, read and answered."""
    desk = _desk(entry, base)
    try:
        event = _saved(desk, entry)
        return _answer(desk, event)
    finally:
        _close(desk)


def _desk(entry: DeskEntry, base: Template) -> Desk:
    shutil.copy(base.kept, base.kept.with_name("lilas.db"))
    before, store = base.desk.office.calendars, base.desk.office.world.store
    sources = [Source(copy.deepcopy(before[one.key]), one.key) for one in PRACTICE.dentists]
    desk = Desk(make_office(base.kept.parent, _practice(entry), sources, store))
    with store.write() as tx:
        nameindex.erased(tx)  # whoever remembers names of the entry before forgets them
    desk.knows(*entry.knows)
    return desk


def _practice(entry: DeskEntry) -> Practice:
    return replace(PRACTICE, motifs_together=True) if entry.together else PRACTICE


def _saved(desk: Desk, entry: DeskEntry) -> Event:
    if entry.booked:
        event = Event(desk, "entry", entry.dentist, entry.booked, entry.booked_text, moment(entry.at), entry.minutes)
        assert event.save().confirmed, f"{entry.name}: not confirmed before: {event.reads}"
        desk.office.sms.sent.clear()
        desk.office.email.sent.clear()
        desk.waits(seconds=(event.at + timedelta(hours=3) - desk.office.now).total_seconds())
        desk.office.sms.sent.clear()
    event = Event(desk, "entry", entry.dentist, entry.title, entry.text, moment(entry.at), entry.minutes)
    body = ics(event.uid, entry.title, event.at, entry.minutes, "", _place(entry)).decode()
    body = body.replace("DESCRIPTION:\r\n", _CLIENTS[entry.client](entry.text))
    desk.office.calendars[entry.dentist].put("entry.ics", body.encode())
    desk.office.passes()
    return event


def _place(entry: DeskEntry) -> str:
    return f"LOCATION:{_escaped(entry.place)}" if entry.place else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _plain(text: str) -> str:
    return f"DESCRIPTION:{_escaped(text)}\r\n" if text else ""


def _google(text: str) -> str:
    """As Google's web form saves it: lines become `<br>`."""
    return _plain(escape(text, quote=False).replace("\n", "<br>"))


def _thunderbird(text: str) -> str:
    """As Thunderbird saves what was typed into its editor: the text, and an HTML twin in a parameter."""
    twin = f"<body><p>{escape(text, quote=False).replace(chr(10), '<br>')}</p></body>"
    return f'DESCRIPTION;ALTREP="data:text/html,{quote(twin, safe="")}":{_escaped(text)}\r\n' if text else ""


_CLIENTS: dict[str, Callable[[str], str]] = {"plain": _plain, "html": _google, "thunderbird": _thunderbird}


def _answer(desk: Desk, event: Event) -> Answer:
    office = desk.office
    with office.world.store.read() as tx:
        rows = bookings.with_uid(tx, event.uid, "", PARIS)
    here = [row for row in rows if row.vanished_at is None] or rows
    mails = [one.to for one in office.email.sent if one.to != PRACTICE.email]
    return Answer(
        mark=event.mark,
        lines=tuple(event.reads.splitlines()),
        fields=tuple(dict.fromkeys(one.field for one in here[0].findings if str(one.severity) == "error"))
        if here
        else (),
        told=tuple(dict.fromkeys([*(one.to for one in office.sms.sent), *mails])),
        booking=here[0] if here else None,
        directory=tuple(desk.directory()),
    )


# --- compared --------------------------------------------------------------------------------------------------------


def lost(entry: DeskEntry, answer: Answer) -> str:
    """Why the entry is lost in silence; empty where it is not."""
    quiet = not (answer.mark or answer.lines or answer.told)
    return "no mark, no word, nobody told" if quiet and entry.right not in SILENT else ""


def wrong(entry: DeskEntry, answer: Answer) -> str:
    """What was told, or noted as valid, that she did not mean; empty where nothing was."""
    row = answer.booking
    if not answer.told and not (row is not None and row.state == "valid" and row.vanished_at is None):
        return ""
    if row is None or entry.right in SILENT | {"asked", "unexplained", "query"}:
        return f"told {answer.told}, which should not be"
    meant = (entry.patient, entry.dentist, moment(entry.at))
    known = next((one.name for one in answer.directory if one.id == row.patient), "nobody")
    if (known, row.dentist, row.start) != meant:
        return f"{known}, {row.dentist}, {row.start} instead of {meant}"
    if entry.motifs and row.facts.motif != " + ".join(entry.motifs) and entry.right in {"confirmed", "remarked"}:
        return f"motif {row.facts.motif}"
    return ""


def missed(entry: DeskEntry, answer: Answer) -> str:
    """What is not as it should be besides; empty where the answer is right."""
    problems = [*_answered(entry, answer), *_pieces(entry, answer), *_on_record(entry, answer)]
    return " · ".join(problems)


def _answered(entry: DeskEntry, answer: Answer) -> list[str]:
    row = answer.booking
    if entry.right in {"confirmed", "remarked"}:
        done = answer.mark == "✓ " and bool(answer.told) and not answer.wrong
        without = entry.right == "remarked" or not answer.worded
        return [] if done and without else ["not confirmed" + ("" if done else " at all")]
    if entry.right == "asked":
        return _asked(entry, answer)
    if entry.right in ENDED:
        return (
            [] if row is not None and str(row.attendance) == entry.right else [f"attendance {row and row.attendance}"]
        )
    if entry.right == "cancelled":
        return [] if row is not None and row.vanished_at is not None else ["still stands"]
    if entry.right == "unexplained":
        return [] if row is None and "bloqué sans motif" in "".join(answer.lines) else ["no reason is asked for"]
    if entry.right == "query":
        return [] if row is None and answer.lines else ["no answer"]
    return ["something was said"] if answer.mark or answer.lines or row is not None else []


def _asked(entry: DeskEntry, answer: Answer) -> list[str]:
    problems = []
    if answer.mark != "⚠ " or answer.told or not answer.wrong:
        problems.append("nothing is asked")
    if len(answer.wrong) > 2:
        problems.append(f"{len(answer.wrong)} lines for one trouble")
    if entry.about is not None and set(answer.fields) != set(entry.about):
        problems.append(f"asked about {answer.fields}")
    return problems


def _pieces(entry: DeskEntry, answer: Answer) -> list[str]:
    block = "\n".join(answer.lines).replace("\u00a0", " ").replace("\u202f", " ")
    return [
        *(f"« {piece} » is not said" for piece in entry.says if piece not in block),
        *(f"« {piece} » is said" for piece in entry.never if piece in block),
        *(f"« {piece} » is not offered" for piece in entry.offers if piece not in answer.offered),
    ]


def _on_record(entry: DeskEntry, answer: Answer) -> list[str]:
    if not entry.record:
        return []
    [one] = [one for one in answer.directory if one.name == entry.patient] or [None]
    kept = {name: str(getattr(one, name, None)) for name in entry.record}
    return [] if kept == {name: str(value) for name, value in entry.record.items()} else [f"record {kept}"]

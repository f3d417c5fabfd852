"""What she typed, before anything is compared with the directory."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from rules.model.finding import Finding
from rules.model.people import Guardian
from rules.model.waiting import ANY_TIME, Wish

NO_SMS, NO_EMAIL = "pas de SMS", "pas d'e-mail"  # why there is none: nothing is to be sent, of this visit alone


class Consent(Struct, frozen=True):
    """An agreement to another dentist (P23): `given` False for a no. `detail` keeps date or author. `by_link`: the
    patient's own click; else as typed."""

    given: bool
    detail: str = ""
    dentist: str | None = None
    by_link: bool = False


class Question(Struct, frozen=True):
    """The patient is asked by link to agree to `dentist` for the appointment at `start` (P23). `patient_id` (0: not in
    the directory) and `name`: who is asked. `words`: what she typed with « Demander l'accord »; None once she took it
    back. `left`: a message with it may have left. `answer`: None as long as there is none. `at`: when it was given;
    `asked_at`: when it was asked.

    An empty `dentist`: the words came with a copied event, and ask nothing (ruling 10)."""

    dentist: str
    start: datetime
    own: str | None
    patient_id: int
    name: str
    words: str | None
    left: bool = False
    answer: bool | None = None
    at: datetime | None = None
    asked_at: datetime | None = None


class OutcomeKind(StrEnum):
    """How an appointment ended, as she typed it or as the calendar shows it. The values are stored."""

    UNSAID = ""  # while a text is being read
    CANCELLED = "cancelled"
    ABSENT = "absent"
    EXCUSED = "excused"
    UNEXCUSED = "unexcused"
    LATE = "late"
    ARRIVED = "arrived"
    HONOURED = "honoured"
    NOTIFIED = "notified"  # notice was given, and nothing else is typed: an absence once everything is read
    CONTRADICTORY = "contradictory"  # two words exclude each other: nobody decides in her place
    DROPPED = "dropped"  # never typed: a person refused the cancellation that the brake held


class Outcome(Struct, frozen=True):
    """What she wrote about how the appointment ended (section 7).

    `minutes` of delay; `at` when it happened; `notified` when notice was given; `by_patient`: the patient cancelled;
    `urgent`: an emergency of theirs. `doubt`: in French, what was not understood or contradicts itself. `called_off`:
    an absence that was cancelled too (`Annulé`, then `Absent excusé`): it does not take place.
    """

    kind: OutcomeKind
    minutes: int | None = None
    at: datetime | None = None
    notified: datetime | None = None
    urgent: bool = False
    by_patient: bool | None = None
    doubt: str = ""
    called_off: bool = False


class Entry(Struct, frozen=True):
    """What was read in one event's title and text, before anything is compared with the directory.

    Beside a value the text as typed is kept (`…_text`), so that a finding can say what was seen; the value is None
    where the text could not be believed. What she said nothing of is None, empty or False.
    """

    name_text: str = ""  # the name as typed: it alone is certain
    also_named: tuple[str, ...] = ()  # other names typed beside it
    family_name: str = ""  # a proposal, as `given_name`
    given_name: str = ""
    birth_name: str | None = None
    birth_date: date | None = None
    birth_text: str = ""
    mobile: str | None = None  # E.164, as in the directory
    mobile_text: str = ""
    email: str | None = None
    email_text: str = ""
    email_confirmed: bool = False  # she wrote that it is right as it stands, as for `mobile_confirmed`
    mobile_confirmed: bool = False
    text_confirmed: bool = False  # of two forms of the text, the one that says so counts
    address: str | None = None
    address_text: str = ""
    address_beside: bool = False  # it stands in the title or the location, where private events have one too
    motif: str | None = None  # a label of the practice
    motifs: tuple[str, ...] = ()  # all labels where she typed several
    motif_text: str = ""  # what stood where a motif should
    first_visit: bool | None = None  # « Première consultation »: True; « Suivi »: False
    known: bool | None = None  # « Déjà venu » (P20)
    new_patient: bool = False  # her text says that the patient is new
    dentist: str | None = None  # the key of the dentist she named
    dentist_text: str = ""
    no_preference: bool = False  # the patient takes any dentist
    consent: Consent | None = None  # an agreement to another dentist (P23)
    ask_consent: str | None = None  # « Demander l'accord »: the patient is to be asked for it; her words
    rescue: bool = False  # « Proposer d'autres dates », in a leave (P24)
    keep_minutes: int | None = None  # the length in minutes that she wants kept (P8)
    guardian: Guardian | None = None  # who is written to instead (P34)
    slot_confirmed: str | None = None  # « Créneau confirmé »: overlap, hours, second visit are meant; her words
    without_mobile: str | None = None  # why there is none, as typed; as for `without_email`
    without_email: str | None = None
    ended: frozenset[str] = frozenset()  # what she takes back: `guardian`, `without_mobile`, `without_email`
    comment: str = ""  # stays in the practice, never sent to the patient
    waiting: bool = False  # on the waiting list for an earlier slot (P44)
    wish: Wish = ANY_TIME  # which times are wanted
    unlisted: bool = False  # « Sans liste »: its time is not offered to the waiting list when it becomes free
    outcome: Outcome | None = None  # how the appointment ended (section 7)
    teeth: str = ""  # tooth numbers (`36`, `14-15`), kept with the motif
    choice: int = 0  # `= 1`: which of the patients that were shown to choose from is meant
    kept_for: str = ""  # a word of the title by which practices name time that is no booking (`rappeler`, `congés`)
    no_booking: bool = False  # « Pas un rendez-vous »: whoever is named, it is a note
    query: str | None = None  # a question typed as the event (`? dupont`)
    findings: tuple[Finding, ...] = ()  # what reading itself found

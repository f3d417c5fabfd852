"""The people of the directory."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct


class Patient(Struct, frozen=True):
    """A record of the directory. `id` is None until stored; `mobile` is E.164; `dentist` is a dentist's key (P22).

    `visits` are past honoured or undisputed appointments, newest first: (day, dentist key, motif label).
    `remarks` are days of unexcused absences (P48). `known_as`: (family name, first name) of records merged into it.
    """

    family_name: str
    given_name: str
    id: int | None = None
    birth_name: str | None = None
    birth_date: date | None = None
    mobile: str | None = None
    email: str | None = None
    address: str | None = None
    dentist: str | None = None
    guardian: str | None = None
    foreign_id: str | None = None
    guardian_mobile: str | None = None  # how the guardian is reached, as for `guardian_email`
    guardian_email: str | None = None
    guardian_since: date | None = None  # the day on which that was typed
    without_mobile: str | None = None  # why there is none, as typed; as for `without_email`
    without_mobile_since: date | None = None
    without_email: str | None = None
    without_email_since: date | None = None
    no_sms_since: datetime | None = None  # the patient wants no SMS; as for `no_email_since` (by their page, P39)
    no_email_since: datetime | None = None
    visits: tuple[tuple[date, str, str | None], ...] = ()
    remarks: tuple[date, ...] = ()
    known_as: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """`DUPONT Marie`, as practices write it (P12)."""
        return f"{self.family_name.upper()} {self.given_name}".strip()


class Guardian(Struct, frozen=True):
    """The adult who answers for a minor (P34)."""

    name: str
    mobile: str | None = None
    email: str | None = None

"""The sample practice: three dentists, their patients, their calendars, and days on which they surely work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from rules.checks.public_holidays import holiday_name

ZONE = ZoneInfo("Europe/Paris")
TUESDAY, THURSDAY = 1, 3
CALDAV = {"martin": "Dr Claire Martin", "petit": "Dr Anne Petit"}
GOOGLE, GOOGLE_NAME = "bernard@lilas.example", "Dr Paul Bernard"
ROBOT = "attitre@lilas.iam.gserviceaccount.com"
OFFICE = "secretariat@lilas.example"
HOLIDAYS = "75"

_CONFIGURATION = """\
# Écrit par « attitre demo ». Les délais sont raccourcis pour la démonstration.
practice:
  key: lilas
  name: Cabinet des Lilas
  address: 12 rue des Lilas, 75020 Paris
  phone: 01 43 00 00 00
  email: {office}
  time_zone: Europe/Paris
  holidays: "{holidays}"

store: sqlite:///attitre.db

dentists:
  martin:
    name: Dr Claire Martin
    specialty: Chirurgien-dentiste
    calendars: [{{kind: caldav, url: "{martin}", username: {user}, password: !file password}}]
    hours: {{mon: "08:30-12:30 14:00-19:00", tue: "08:30-12:30 14:00-19:00", thu: "09:00-13:00"}}
  bernard:
    name: Dr Paul Bernard
    specialty: Orthodontiste
    calendars:
      - kind: google
        calendar_id: {google_id}
        credentials: !file google.json
        endpoint: "{google}"            # le Google d'imitation ; sans cette ligne, le vrai
    hours: {{tue: "09:00-18:00", wed: "09:00-18:00", fri: "09:00-13:00"}}
  petit:                                # sans « hours: » : horaires libres, et attitre garde son rythme la nuit
    name: Dr Anne Petit
    specialty: Chirurgien-dentiste
    calendars: [{{kind: caldav, url: "{petit}", username: {user}, password: !file password}}]

page: {{listen: "{listen}", public_url: "{pages}"}}   # les liens des messages mènent à ces pages

waiting_list: {{mode: in_turn}}         # « Liste d'attente » dans un rendez-vous : un créneau libéré est proposé

motifs:
  - {{label: Détartrage, also: [nettoyage], minutes: 30, first_visit_minutes: 45}}
  - {{label: Douleur, also: [urgence, mal de dent], minutes: 20, within_days: 2}}
  - {{label: Contrôle, minutes: 20}}

blocks: [Congés, Formation, Réunion, Déjeuner]

messages:
  email: {{url: "{smtp}", sender: Cabinet des Lilas <rdv@lilas.example>}}
  sms: {{kind: http, url: "{sms}", json: {{to: "{{to}}", text: "{{text}}"}}}}
  settle_seconds: 2                     # 90 d'ordinaire
  settle_change_seconds: 4              # 180 d'ordinaire

feedback: {{quiet_seconds: 1}}            # 15 d'ordinaire
sync: {{every_seconds: 1}}                # 60 d'ordinaire
"""


def configuration(
    calendars: dict[str, str], *, google: str, user: str, smtp: str, sms: str, pages: tuple[str, str]
) -> str:
    """The YAML; `calendars` are the CalDAV addresses by dentist, `google` the API's; `pages`: where they listen, and
    their address. The password stands in the file `password` beside it, the service account's key in `google.json`."""
    ways = {"google": google, "google_id": GOOGLE, "user": user, "smtp": smtp, "sms": sms}
    known = {"office": OFFICE, "holidays": HOLIDAYS, "listen": pages[0], "pages": pages[1]}
    return _CONFIGURATION.format(**known, **ways, **calendars)


# --- patients --------------------------------------------------------------------------------------------------------

_PETITS = (
    "ANDRE Lucie", "BLANC Hugo", "BRUN Sarah", "CARON Louis", "CHEVALIER Emma", "COLIN Jules", "DAVID Inès",
    "FAURE Adam", "GARCIA Lina", "GAUTIER Noé", "GIRARD Alice", "HENRY Paul", "LAMBERT Zoé", "LECLERC Tom",
    "LOPEZ Eva", "MASSON Léo", "MERCIER Rose", "MULLER Marc", "NOEL Jeanne", "ROUSSEL Victor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A patient of the directory who answers by link: the name, the end of the mobile's number, the dentist's key."""

    name: str
    number: int
    dentist: str

    @property
    def mobile(self) -> str:
        """As the gateway gets it."""
        return f"+336123459{self.number:02}"

    @property
    def email(self) -> str:
        """The mailbox."""
        return f"{self.name.split()[1].lower()}.{self.name.split()[0].lower()}@exemple.fr"


NADIA = Known("SIMON Nadia", 31, "bernard")
WAITING = (Known("VIDAL Nora", 32, "martin"), Known("PERRIN Louis", 33, "martin"), Known("MOREL Alice", 34, "martin"))


def patients() -> str:
    """The directory as CSV: two patients of Dr Bernard, four of Dr Martin, twenty of Dr Petit."""
    lines = ["nom;prenom;naissance;mobile;email;adresse;dentiste"]
    lines.append("ROY;Claude;14/09/1972;06 12 34 57 06;claude.roy@exemple.fr;9 avenue Gambetta, 75020 Paris;martin")
    lines.append("LEROY;Jean;03/07/1968;06 12 34 57 02;jean.leroy@exemple.fr;8 avenue Gambetta, 75020 Paris;bernard")
    for one in (NADIA, *WAITING):
        contact = f"0{one.mobile[3:]};{one.email};{one.number} rue des Envierges, 75020 Paris"
        lines.append(f"{one.name.replace(' ', ';')};21/11/19{one.number + 40};{contact};{one.dentist}")
    for number, name in enumerate(_PETITS, 1):
        family, given = name.split()
        contact = f"06 12 34 58 {number:02};patient{number}@exemple.fr;{number} rue des Pyrénées, 75020 Paris"
        lines.append(f"{family};{given};{number:02}/03/19{60 + number};{contact};petit")
    return "\n".join(lines) + "\n"


# --- days ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Days:
    """The Tuesday and the Thursday after it on which the story takes place: a week ahead at least, never a holiday.
    `past`: the last Tuesday that is over. `later`: a Tuesday after them."""

    tuesday: date
    thursday: date
    past: date
    later: date


def days(today: date) -> Days:
    """The story's days, seen from `today`."""
    tuesday = _open_day(today + timedelta(days=7), TUESDAY)
    past = today - timedelta(days=1)
    while past.weekday() != TUESDAY or holiday_name(past, HOLIDAYS):
        past -= timedelta(days=1)
    thursday = _open_day(tuesday, THURSDAY)
    return Days(tuesday, thursday, past, _open_day(thursday, TUESDAY))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """That wall-clock time at the practice."""
    return datetime.combine(day, time(hour, minute), ZONE)


def in_a_form(moment: datetime) -> str:
    """That moment as the pages' forms name it."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%MZ}"


def full_days(when: Days) -> Iterator[tuple[str, datetime]]:
    """What already stands in Dr Petit's calendar: twenty check-ups on the two days, every half hour from nine."""
    for number, name in enumerate(_PETITS):
        day = when.tuesday if number < 10 else when.thursday
        yield f"{name} – contrôle", at(day, 9) + timedelta(minutes=30 * (number % 10))


PAST_TITLE, PAST_TEXT = "ROY Claude – contrôle", "Commentaire : radio à revoir"


def past_visit(when: Days) -> datetime:
    """When he stood in Dr Martin's calendar before attitre came."""
    return at(when.past, 10)


def _open_day(after: date, weekday: int) -> date:
    day = after + timedelta(days=1 + (weekday - after.weekday() - 1) % 7)
    while holiday_name(day, HOLIDAYS):
        day += timedelta(days=7)
    return day

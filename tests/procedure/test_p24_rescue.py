"""P24: a dentist's leave over appointments, other dates of the same dentist by link, and what comes of it."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from adapters.web.patients import Act, Shown, What
from rules.model import Patient
from rules.text.gsm7 import segments
from sync.people import appointment_page, rescue
from sync.store import links, rescues
from sync.store.links import LinkKind, LinkRow
from tests.desk import LUC, MARIE, SURGERY, Desk, Event, make_desk, moment
from tests.office import ics

LINKED = replace(SURGERY, page_url="https://rdv.lilas.example")
ASK = "Proposer d'autres dates"
TITLE = "DUPONT Marie – détartrage"
TYPE = "tapez « Proposer d'autres dates »"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Marie Dupont and Luc Moreau are followed by Dr Martin; patients have pages."""
    return make_desk(tmp_path, LINKED, [MARIE, LUC])


class Leave:
    """A leave as she types and reads it, 30 November to 4 December."""

    def __init__(self, desk: Desk, text: str = "", *, title: str = "Congés", days: str = "30/11 04/12") -> None:
        self.desk, self.text, self.title = desk, text, title
        self.days = tuple(days.split())
        self.save()

    def save(self) -> None:
        start, end = moment(f"{self.days[0]} 00:00"), moment(f"{self.days[1]} 23:59")
        body = ics("leave", self.title, start, 60, self.text).decode()
        after = end.date().replace(day=end.day + 1)
        body = re.sub(r"DTSTART;[^\r]*", f"DTSTART;VALUE=DATE:{start:%Y%m%d}", body)
        body = re.sub(r"DTEND;[^\r]*", f"DTEND;VALUE=DATE:{after:%Y%m%d}", body)
        self.desk.office.calendars["martin"].put("leave.ics", body.encode())
        self.desk.office.passes()

    def retypes(self, text: str) -> None:
        self.text = text
        self.save()

    def deletes(self) -> None:
        self.desk.office.calendars["martin"].delete("leave.ics")
        self.desk.office.passes()

    @property
    def reads(self) -> str:
        return Event(self.desk, "leave", "martin", "", "", moment("30/11 00:00"), 0).reads

    @property
    def lines(self) -> list[str]:
        return [line.removeprefix("  → ") for line in self.reads.splitlines()[1:]]


def link(desk: Desk, to: Patient = MARIE) -> LinkRow:
    """The link of the last message to that patient."""
    found = re.findall(r"https://rdv\.lilas\.example/r/([\w-]{22})\b", "\n".join(desk.sms(to.mobile)))
    with desk.office.world.store.read() as tx:
        row = links.find(tx, LinkKind.APPOINTMENT, found[-1])
    assert row is not None
    return row


def page(desk: Desk, to: Patient = MARIE, part: What | None = None) -> Shown:
    found = appointment_page.shown(desk.office.world, link(desk, to), part)
    assert found is not None
    return found


def clicks(desk: Desk, what: What, to: Patient = MARIE, **values: str) -> Shown:
    done = Act(what, page(desk, to).revision, {name: (value,) for name, value in values.items()})
    found = appointment_page.act(desk.office.world, link(desk, to), done)
    assert found is not None
    desk.office.passes()
    return found


def two_booked(desk: Desk) -> tuple[Event, Event]:
    marie = desk.books(TITLE, at="01/12 10:00")
    luc = desk.books("MOREAU Luc – contrôle", at="02/12 09:00", minutes=20)
    assert marie.confirmed and luc.confirmed
    return marie, luc


# --- listed ----------------------------------------------------------------------------------------------------------


def test_p24_the_leave_lists_whom_it_hits_and_nobody_is_told(desk: Desk) -> None:
    two_booked(desk)
    leave = Leave(desk)
    assert leave.reads.splitlines()[0] == f"! 2 rendez-vous tombent sur ces congés : {TYPE}."
    assert leave.lines == ["mardi 1er décembre à 10 h, DUPONT Marie", "mercredi 2 décembre à 9 h, MOREAU Luc"]
    assert len(desk.sms()) == 2
    desk.waits(days=1)
    assert len(desk.sms()) == 2


def test_p24_one_is_one(desk: Desk) -> None:
    desk.books(TITLE, at="01/12 10:00")
    assert Leave(desk).reads.startswith("! 1 rendez-vous tombe sur ces congés : ")


def test_p24_a_leave_over_nothing_stays_as_she_typed_it(desk: Desk) -> None:
    assert Leave(desk).reads == ""


def test_p24_a_short_block_is_no_leave_unless_it_says_so(desk: Desk) -> None:
    desk.books(TITLE, at="01/12 10:00")
    meeting = desk.books("Réunion", at="01/12 09:30", minutes=60)
    assert meeting.reads == ""
    away = desk.books("Congés après-midi", at="01/12 10:00", minutes=120)
    assert away.reads.startswith("! 1 rendez-vous tombe sur ces congés")


def test_p24_many_fit_into_eight_lines(desk: Desk) -> None:
    people = [
        Patient(
            f"Nom{chr(97 + n)}", "Anne", birth_date=MARIE.birth_date, mobile=f"+3361111{n:04d}",
            email=f"n{n}@example.org", address=MARIE.address, dentist="martin",
        )
        for n in range(20)
    ]  # fmt: skip
    desk.knows(*people)
    for n, one in enumerate(people):
        desk.books(
            f"{one.name} – contrôle", at=f"0{1 + n // 5}/12 {9 + n % 3}:{'00' if n % 5 < 3 else '30'}", minutes=20
        )
    leave = Leave(desk)
    assert leave.reads.startswith("! 20 rendez-vous tombent sur ces congés")
    assert len(leave.reads.splitlines()) <= 5
    assert "NOMA Anne" in leave.reads
    assert "… et 10 autres (attitre agenda)" in leave.reads or len(leave.lines) == 4


def test_p24_the_list_follows_what_she_does(desk: Desk) -> None:
    marie, luc = two_booked(desk)
    leave = Leave(desk)
    luc.moves(at="09/12 09:00")
    assert leave.lines == ["mardi 1er décembre à 10 h, DUPONT Marie"]
    desk.books("MOREAU Luc – détartrage", at="03/12 11:00")
    assert leave.lines[1:] == ["jeudi 3 décembre à 11 h, MOREAU Luc"]
    marie.deletes()
    assert leave.lines == ["jeudi 3 décembre à 11 h, MOREAU Luc"]


# --- asked -----------------------------------------------------------------------------------------------------------


def test_p24_each_is_asked_once_to_choose_another_date(desk: Desk) -> None:
    two_booked(desk)
    leave = Leave(desk, ASK)
    [sms] = desk.sms(MARIE.mobile)[1:]
    assert sms.startswith("Cabinet des Lilas : le Dr Martin est indisponible mar. 01/12 à 10h")
    assert "hoisissez une autre date" in sms
    assert segments(sms) == 1
    assert "Le Dr Claire Martin est indisponible le mardi 1er décembre 2026 à 10 h" in desk.mails(MARIE.email)[1]
    assert "indisponible mer. 02/12 à 9h" in desk.sms(LUC.mobile)[1]
    assert leave.reads.splitlines()[0] == "! 2 rendez-vous tombent sur ces congés (autres dates proposées)."
    assert leave.lines == [
        "mardi 1er décembre à 10 h, DUPONT Marie : demandé le 24/11 à 9 h, sans réponse",
        "mercredi 2 décembre à 9 h, MOREAU Luc : demandé le 24/11 à 9 h, sans réponse",
    ]
    leave.retypes("")
    leave.retypes(ASK)
    desk.waits(days=2)
    assert len(desk.sms(MARIE.mobile)) == 2
    assert [one for one in desk.sms() if "annulé" in one] == []


def test_p24_the_page_proposes_the_same_dentist_s_first_free_times(desk: Desk) -> None:
    two_booked(desk)
    Leave(desk, ASK, days="24/11 18/12")
    seen = page(desk)
    assert "Le Dr Claire Martin est indisponible le mardi 1er décembre 2026 à 10 h" in seen.news
    assert What.MOVE in seen.may and What.REFUSE in seen.may
    for shown in (seen, page(desk, part=What.MOVE)):
        assert [(one.label, [time.label for time in one.times]) for one in shown.days] == [
            ("lundi 21 décembre", ["8 h 30", "9 h", "9 h 30"])
        ]
    assert seen.labels[What.MOVE] == "Voir d'autres dates"


def test_p24_p45_moved_by_the_patient_the_leave_says_so_and_the_change_is_told(desk: Desk) -> None:
    marie, _ = two_booked(desk)
    leave = Leave(desk, ASK)
    start = next(time.value for day in page(desk, part=What.MOVE).days for time in day.times)
    clicks(desk, What.MOVE, debut=start)
    desk.waits(minutes=1)
    assert "RDV déplacé au mar. 24/11 à 14h avec le Dr Martin (avant : mar. 01/12 à 10h)" in desk.sms(MARIE.mobile)[-1]
    assert leave.reads.splitlines()[0] == "! 1 rendez-vous tombe sur ces congés (autres dates proposées, 1 réglé)."
    assert leave.lines[0].startswith("mardi 1er décembre à 10 h, DUPONT Marie : déplacé au ")
    assert f"{desk.office.event(marie.uid).start:%d/%m %H:%M}" == "24/11 14:00"


def test_p24_refused_it_says_so_and_the_appointment_stays(desk: Desk) -> None:
    marie, _ = two_booked(desk)
    leave = Leave(desk, ASK)
    after = clicks(desk, What.REFUSE)
    assert "aucune de ces dates ne vous convient" in after.news
    assert What.REFUSE not in after.may
    assert leave.lines[0] == "mardi 1er décembre à 10 h, DUPONT Marie : refusé le 24/11 à 9 h"
    assert marie.mark == "⚠ "
    assert [one for one in desk.sms() if "annulé" in one] == []
    assert "Le cabinet vous rappelle" in after.news
    assert "! À rappeler au 06 12 34 56 78 : demandé sur sa page le 24/11 à 9 h." in marie.reads
    clicks(desk, What.REFUSE)
    assert len(desk.sms(MARIE.mobile)) == 2


def test_p24_only_if_she_asks_then_is_another_dentist_proposed(desk: Desk) -> None:
    marie, _ = two_booked(desk)
    Leave(desk, ASK)
    clicks(desk, What.REFUSE)
    desk.waits(days=1)
    assert [one for one in desk.sms() if "Acceptez-vous" in one] == []
    marie.moves(dentist="nguyen")
    marie.adds("Demander l'accord")
    assert "Acceptez-vous le Dr Nguyen" in desk.sms(MARIE.mobile)[-1]


def test_p24_moved_by_her_no_answer_counts_any_more(desk: Desk) -> None:
    marie, _ = two_booked(desk)
    leave = Leave(desk, ASK)
    marie.moves(at="09/12 10:00")
    assert leave.lines[0] == "mardi 1er décembre à 10 h, DUPONT Marie : déplacé au mercredi 9 décembre à 10 h"
    assert What.REFUSE not in page(desk).may
    assert not rescue.refuse(desk.office.world, link(desk).booking)


def test_p24_without_leave_nothing_is_proposed_any_more(desk: Desk) -> None:
    marie, _ = two_booked(desk)
    leave = Leave(desk, ASK)
    leave.deletes()
    assert marie.confirmed
    assert What.REFUSE not in page(desk).may


def test_p24_taken_back_before_it_goes_nobody_is_asked(desk: Desk) -> None:
    two_booked(desk)
    desk.runs(replace(LINKED, policy=replace(LINKED.policy, settle_seconds=90)))
    leave = Leave(desk, ASK)
    leave.retypes("")
    desk.waits(minutes=3)
    assert len(desk.sms()) == 2
    assert TYPE in leave.reads
    leave.retypes(ASK)
    desk.waits(minutes=3)
    assert len(desk.sms()) == 4


def test_p24_an_appointment_never_confirmed_is_called_about(desk: Desk) -> None:
    two_booked(desk)
    leave = Leave(desk, ASK)
    desk.books("DUPONT Marie – couronne", at="03/12 11:00", minutes=60)
    assert leave.lines[-1] == "jeudi 3 décembre à 11 h, DUPONT Marie : jamais confirmé, à appeler"
    assert len(desk.sms(MARIE.mobile)) == 2


def test_p24_without_pages_she_is_told_to_call(desk: Desk) -> None:
    two_booked(desk)
    desk.runs(SURGERY)
    leave = Leave(desk)
    assert leave.reads.startswith("! 2 rendez-vous tombent sur ces congés : appelez les patients.")
    leave.retypes(ASK)
    assert "aucun lien n'est envoyé. Appelez les patients." in leave.reads
    assert len(desk.sms()) == 2


def test_p24_the_prompt_does_what_the_words_do(desk: Desk) -> None:
    two_booked(desk)
    leave = Leave(desk)
    world = desk.office.world
    found = rescue.offer(world, "martin", moment("30/11 00:00"), moment("05/12 00:00"))
    assert [(one.booking.facts.name, one.why_not) for one in found] == [("DUPONT Marie", ""), ("MOREAU Luc", "")]
    desk.office.passes()
    assert len(desk.sms()) == 4
    assert "sans réponse" in leave.lines[0]
    again = rescue.offer(world, "martin", moment("30/11 00:00"), moment("05/12 00:00"))
    assert all(one.again for one in again)
    desk.office.passes()
    assert len(desk.sms()) == 4
    with world.store.read() as tx:
        assert len(rescues.of_leave(tx, "memory:martin", "leave", world.practice.zone)) == 2


def test_l2_asked_and_shown_nothing_is_written_or_sent_again(desk: Desk) -> None:
    two_booked(desk)
    Leave(desk, ASK)
    desk.waits(minutes=1)
    calendar = desk.office.calendars["martin"]
    before, sent = dict(calendar.calls), len(desk.sms())
    for _ in range(5):
        desk.waits(hours=1)
    assert calendar.calls["apply"] == before["apply"]
    assert len(desk.sms()) == sent

"""One slip of the hand makes no record, changes nobody's dentist and tells no stranger (P3, P5, P23).

Four patients with near names, birth dates and numbers; she types one of them, and one key goes wrong.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.model import Patient
from tests.desk import Desk, Event, make_desk

PEOPLE = (
    Patient("Dupont", "Marie", birth_date=date(1981, 5, 12), mobile="+33612345678", email="marie.dupont@example.org",
            address="3 rue Haxo, 75020 Paris", dentist="martin"),
    Patient("Dupond", "Marine", birth_date=date(1981, 5, 21), mobile="+33612345687", email="marine.dupond@example.org",
            address="9 rue Haxo, 75020 Paris", dentist="bernard"),
    Patient("Dumont", "Maria", birth_date=date(1991, 5, 12), mobile="+33621345678", email="maria.dumont@example.org",
            address="5 rue Haxo, 75020 Paris", dentist="nguyen"),
    Patient("Dupont", "Marion", birth_date=date(2015, 12, 5), mobile="+33612345678", email="marie.dupont@example.org",
            address="3 rue Haxo, 75020 Paris", dentist="martin"),
)  # fmt: skip
KEYS = "abcdefghijklmnopqrstuvwxyz0123456789 -'éO"
SLIPS = ("lost", "doubled", "wrong", "swapped")


@st.composite
def slipped(draw: st.DrawFn, text: str) -> str:
    """The text with one key wrong."""
    place = draw(st.integers(0, len(text) - 1))
    slip = draw(st.sampled_from(SLIPS))
    if slip == "lost":
        return text[:place] + text[place + 1 :]
    if slip == "doubled":
        return text[:place] + text[place] + text[place:]
    if slip == "swapped" and place + 1 < len(text):
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + draw(st.sampled_from(KEYS)) + text[place + 1 :]


PARTS = ("name", "born", "mobile", "dentist", "motif")


def parts(meant: Patient, dentist: str) -> dict[str, str]:
    """What she would type of that patient."""
    born = meant.birth_date
    assert born and meant.mobile
    return {
        "name": f"{meant.family_name.upper()} {meant.given_name}",
        "born": f"{born:%d/%m/%Y}",
        "mobile": f"0{meant.mobile[3:]}",
        "dentist": dentist,
        "motif": "détartrage",
    }


@st.composite
def entries(draw: st.DrawFn) -> tuple[Patient, str, str]:
    """Whom she means, and the title and text that her hand made of it."""
    meant = draw(st.sampled_from(PEOPLE))
    typed = parts(meant, {"martin": "Dr Martin", "bernard": "Dr Bernard", "nguyen": "Dr Nguyen"}[meant.dentist or ""])
    wrong = draw(st.sampled_from(PARTS))
    typed[wrong] = draw(slipped(typed[wrong]))
    lines = [f"Né(e) le : {typed['born']}"]
    lines += [f"Mobile : {typed['mobile']}"] if wrong == "mobile" or draw(st.booleans()) else []
    lines += [f"Dentiste : {typed['dentist']}"] if wrong == "dentist" or draw(st.booleans()) else []
    return meant, f"{typed['name']} – {typed['motif']}", "\n".join(lines)


@contextmanager
def practice_desk() -> Iterator[Desk]:
    with TemporaryDirectory() as folder:
        desk = make_desk(Path(folder), known=PEOPLE)
        yield desk
        desk.office.world.store.close()


def theirs(desk: Desk) -> list[tuple[str, str | None]]:
    return sorted((one.name, one.dentist) for one in desk.directory())


def only_the_meant_is_told(desk: Desk, event: Event, meant: Patient) -> None:
    """The confirmation, where there is one, is the meant patient's: what it names stands in the event."""
    if not event.confirmed:
        assert not desk.sms()
        assert not desk.mails()
        return
    assert f"{meant.name}, né(e) le {meant.birth_date:%d/%m/%Y}" in event.reads
    strangers = {one.mobile for one in PEOPLE} - {meant.mobile}
    assert strangers.isdisjoint(one.to for one in desk.office.sms.sent)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries())
def test_p03_p05_p23_a_slip_makes_nobody_changes_no_dentist_and_tells_no_stranger(
    entry: tuple[Patient, str, str],
) -> None:
    meant, title, text = entry
    with practice_desk() as desk:
        before = theirs(desk)
        event = desk.books(title, text, dentist=meant.dentist or "")
        assert theirs(desk) == before
        only_the_meant_is_told(desk, event, meant)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(entries(), st.sampled_from(["martin", "bernard", "nguyen"]))
def test_p23_p49_a_slip_confirms_nobody_with_another_dentist(entry: tuple[Patient, str, str], where: str) -> None:
    meant, title, text = entry
    with practice_desk() as desk:
        before = theirs(desk)
        event = desk.books(title, text, dentist=where)
        assert theirs(desk) == before
        only_the_meant_is_told(desk, event, meant)
        if where != meant.dentist:
            assert not event.confirmed


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PEOPLE), st.data())
def test_p05_a_misspelt_name_marked_as_new_is_never_a_second_record_of_the_same_contact(
    meant: Patient, data: st.DataObject
) -> None:
    """`Nouveau patient` typed for somebody who is known under a near name, with all their details."""
    typed = parts(meant, "")
    name = data.draw(slipped(typed["name"]))
    text = "\n".join(
        ("Nouveau patient, sans préférence", f"Né(e) le : {typed['born']}", f"Mobile : {typed['mobile']}",
         f"E-mail : {meant.email}", f"Adresse : {meant.address}")
    )  # fmt: skip
    with practice_desk() as desk:
        before = theirs(desk)
        desk.books(f"{name} – détartrage", text, dentist=meant.dentist or "")
        assert theirs(desk) == before, replace(meant)

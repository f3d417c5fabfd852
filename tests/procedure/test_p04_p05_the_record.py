"""P4, P5, P21: the record of a known patient is kept up to date, a new patient's is made once, nobody is doubled."""

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from sync.store import patients
from tests.desk import MARIE, Desk, make_desk
from tests.typed import TITLE, lines, new

ANNE = replace(MARIE, given_name="Anne", birth_date=date(2001, 2, 3), email="anne@example.org")


# --- P4 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "said", "field", "value"),
    [
        ("Mobile : 06 99 88 77 66", "mobile : …78 → …66", "mobile", "+33699887766"),
        (
            "E-mail : marie@orange.fr",
            "e-mail : marie.dupont@example.org → marie@orange.fr",
            "email",
            "marie@orange.fr",
        ),
        (
            "Adresse : 9 rue Verte, 69001 Lyon",
            "adresse : 3 rue Haxo, 75020 Paris → 9 rue Verte, 69001 Lyon",
            "address",
            "9 rue Verte, 69001 Lyon",
        ),
    ],
)
def test_p04_a_detail_that_differs_updates_the_record_and_its_history(
    known: Desk, typed: str, said: str, field: str, value: str
) -> None:
    event = known.books(TITLE, typed)
    assert f"✓ Fichier mis à jour : {said}." in event.reads
    assert event.confirmed
    assert getattr(known.directory()[0], field) == value
    with known.office.world.store.read() as tx:
        kept = patients.history(tx, known.directory()[0].id or 0)
    assert [(row["field"], row["old"]) for row in kept] == [(field, getattr(MARIE, field))]


def test_p04_the_new_mobile_is_where_the_confirmation_goes(known: Desk) -> None:
    known.books(TITLE, "Mobile : 06 99 88 77 66")
    assert [one.to for one in known.office.sms.sent] == ["+33699887766"]


def test_p04_what_is_missing_is_filled_in_from_the_entry_and_then_from_the_record(tmp_path: Path) -> None:
    desk = make_desk(tmp_path, known=[replace(MARIE, mobile=None, address=None)])
    event = desk.books(TITLE)
    assert [line.partition(" manquant")[0] for line in event.wrong] == ["✗ Mobile", "✗ Adresse"]
    event.adds(lines(mobile="06 12 34 56 78", address="3 rue Haxo, 75020 Paris"))
    assert event.confirmed
    assert desk.books("DUPONT Marie – contrôle", at="03/12 10:00", minutes=20).confirmed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Mobile : 06 12 34 56 7", "Mobile « 06 12 34 56 7 »"),
        ("Mobile : 01 43 00 11 22", "Mobile « 01 43 00 11 22 »"),
        ("E-mail : marie@gmial.com", "E-mail « marie@gmial.com »"),
        ("E-mail : marie.orange.fr", "E-mail « marie.orange.fr »"),
        ("Adresse : 9 rue Verte", "Adresse « 9 rue Verte »"),
        ("Né(e) le : 31/02/1981", "Date de naissance « 31/02/1981 »"),
        ("Mobile : 06 99 88 77 66\nMobile : 06 11 22 33 44", "Mobile « 06 99 88 77 66 et 06 11 22 33 44 »"),
    ],
)
def test_p04_an_invalid_detail_never_overwrites_a_valid_one(known: Desk, typed: str, kept: str) -> None:
    event = known.books(TITLE, typed)
    assert f"! {kept} n'est pas valable : l'ancien renseignement est conservé." in event.reads
    assert not event.confirmed
    assert replace(known.directory()[0], id=None) == MARIE


def test_p04_of_two_bookings_with_different_mobiles_the_later_edit_counts_and_the_other_is_told(known: Desk) -> None:
    first = known.books(TITLE, "Mobile : 06 99 88 77 66")
    known.books("DUPONT Marie – couronne", "Mobile : 06 11 22 33 44", at="03/12 10:00", minutes=60)
    assert known.directory()[0].mobile == "+33611223344"
    assert "! Le fichier a changé depuis, il compte : mobile : …66 → …44." in first.reads
    known.waits(hours=1)
    first.moves(at="01/12 11:00")  # another edit of that event is no newer word about the mobile
    assert known.directory()[0].mobile == "+33611223344"
    first.retypes("Mobile : 06 55 44 33 22")
    assert known.directory()[0].mobile == "+33655443322"


def test_p04_time_alone_gives_no_detail_twice(known: Desk) -> None:
    known.books(TITLE, "Mobile : 06 99 88 77 66")
    known.books("DUPONT Marie – couronne", "Mobile : 06 11 22 33 44", at="03/12 10:00", minutes=60)
    writes = known.office.calendars["martin"].writes
    for _ in range(3):
        known.waits(minutes=10)
    assert known.office.calendars["martin"].writes == writes
    with known.office.world.store.read() as tx:
        assert len(patients.history(tx, known.directory()[0].id or 0)) == 2


# --- P5, P21 ---------------------------------------------------------------------------------------------------------


def test_p05_p21_a_new_patient_is_made_once_the_mandatory_details_are_there(desk: Desk) -> None:
    event = desk.books("dupont marie – détartrage", "Nouveau patient, sans préférence")
    missing = [line.partition(" :")[0] for line in event.wrong]
    assert missing == [
        "✗ Date de naissance manquante", "✗ Mobile manquant", "✗ E-mail manquant", "✗ Adresse manquante",
    ]  # fmt: skip
    assert not desk.directory()
    event.adds(lines(born="12/05/1981", mobile="06 12 34 56 78"))  # the list shrinks at each save
    assert [line.partition(" :")[0] for line in event.wrong] == ["✗ E-mail manquant", "✗ Adresse manquante"]
    assert not desk.directory()
    assert not desk.sms()
    event.adds(lines(email="marie.dupont@example.org", address="3 rue Haxo, 75020 Paris"))
    assert event.confirmed
    made = desk.directory()[0]
    assert replace(made, id=None) == MARIE
    assert "Détartrage – première consultation" in event.reads
    assert event.length == 45


def test_p05_saved_five_times_it_is_one_record_and_one_message(desk: Desk) -> None:
    event = desk.books(TITLE, new())
    for number in range(5):
        event.adds(f"Commentaire : essai {number}")
    assert [one.name for one in desk.directory()] == ["DUPONT Marie"]
    assert len(desk.sms()) == 1


@pytest.mark.parametrize("typed", ["DUPOND Marie", "DUPONT Mari", "Marie DUPPONT"])
def test_p05_a_misspelling_creates_nobody(known: Desk, typed: str) -> None:
    event = known.books(f"{typed} – détartrage", new("Sans préférence"))
    assert "n'est pas dans le fichier" in event.wrong[0]
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert [one.name for one in known.directory()] == ["DUPONT Marie"]
    assert not known.sms()


@pytest.mark.parametrize(
    ("typed", "details", "sign"),
    [
        ("DUPOND Marie", {}, "✗"),  # the same birth date and contact, the first names near: it blocks
        ("DUPOND Marie", {"mobile": "06 99 88 77 66", "email": "m.dupond@example.org"}, "!"),
        ("DUPONT Louise", {}, ""),  # a twin: the same but for the first name
    ],
)
def test_p05_p29_same_birth_date_and_a_near_name_may_be_the_same_person(
    known: Desk, typed: str, details: dict[str, str], sign: str
) -> None:
    event = known.books(f"{typed} – détartrage", new(**details))
    said = "Doublon possible : DUPONT Marie, né(e) le 12/05/1981. Si c'est la même personne"
    assert (f"{sign} {said}" in event.reads) is bool(sign)
    assert event.confirmed is (sign != "✗")
    assert len(known.directory()) == (1 if sign == "✗" else 2)


def test_p05_new_and_known_is_shown_and_the_record_is_used(known: Desk) -> None:
    event = known.books(TITLE, new())
    assert "! « Nouveau patient » est tapé, mais DUPONT Marie, né(e) le 12/05/1981 est déjà" in event.reads
    assert len(known.directory()) == 1


def test_p05_p20_new_with_a_known_name_and_no_birth_date_is_asked(known: Desk) -> None:
    event = known.books(TITLE, new(born=None, mobile="06 99 88 77 66", email="other@example.org"))
    assert event.wrong == [
        "✗ « Nouveau patient » est tapé, mais ce nom est déjà dans le fichier. "
        "Ajoutez la date de naissance : « Né(e) le : 12/05/1981 », ou retirez « Nouveau patient »."
    ]
    assert "→ DUPONT Marie, né(e) le 12/05/1981" in event.reads
    assert not known.sms()
    event.adds("Né(e) le : 04/03/1990")  # somebody else of that name
    assert event.confirmed
    assert len(known.directory()) == 2


def test_p05_ruling13_the_mother_s_mobile_may_be_the_childs(known: Desk) -> None:
    event = known.books(
        "DUPONT Anne – contrôle", new(born="03/02/2001", email="anne@example.org"), minutes=20, at="02/12 10:00"
    )
    assert event.confirmed
    assert [replace(one, id=None) for one in known.directory()] == [ANNE, MARIE]
    assert "DUPONT Marie" not in event.reads

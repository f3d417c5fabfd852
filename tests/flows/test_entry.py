"""What she types is checked before anything reaches a patient: bookings of two days, one pass, an answer in each."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from demo.sample import at
from demo.secretary import Event

if TYPE_CHECKING:
    from conftest import Practice

pytestmark = pytest.mark.slow
WHO = "Nouveau patient\nSans préférence\n"
BORN = "Né(e) le : 12/05/19{n}\n"
MOBILE = "Mobile : 06 22 33 44 {n}\n"
EMAIL = "E-mail : personne{n}@example.org\n"
ADDRESS = "Adresse : {n} rue Verte, 75011 Paris\n"
GOOD = WHO + BORN + MOBILE + EMAIL + ADDRESS
ENTRIES = {
    "nothing wrong": ("ALLARD Anne – détartrage", GOOD),
    "no birth date": ("BERGER Luc – détartrage", GOOD.replace(BORN, "")),
    "no mobile": ("CARON Eva – détartrage", GOOD.replace(MOBILE, "")),
    "no e-mail": ("DENIS Paul – détartrage", GOOD.replace(EMAIL, "")),
    "no address": ("EVRARD Lise – détartrage", GOOD.replace(ADDRESS, "")),
    "no motif": ("FAURE Denis", GOOD),
    "vague motif": ("GIRARD Thomas – rdv", GOOD),
    "unknown motif": ("HUBERT Sophie", GOOD + "Motif : blanchiment\n"),
    "landline": ("JACQUET Marc – détartrage", GOOD.replace(MOBILE, "Mobile : 01 43 00 00 {n}\n")),
    "domain slip": ("KLEIN Rose – détartrage", GOOD.replace("example.org", "gmial.com")),
    "single letter": ("LAMBERT M – détartrage", GOOD),
    "short address": ("MOREL Hélène – détartrage", GOOD.replace(", 75011 Paris", "")),
    "born tomorrow": ("NOEL Jeanne – détartrage", GOOD.replace(BORN, "Né(e) le : 12/05/2099\n")),
    "nobody asked": ("PERRIN Hugo – détartrage", GOOD.replace("Sans préférence\n", "")),
    "exception": ("ROUX Nina – détartrage", GOOD.replace(MOBILE, "Sans mobile : oui (n'en a pas)\n")),
    "minor": (
        "SIMON Alice – détartrage",
        WHO + "Né(e) le : 12/05/2019\n" + ADDRESS + "Responsable : Mme SIMON Claire, 06 33 44 55 66, c@example.org\n",
    ),
    "misspelt": ("DURANT Helene – contrôle", ""),
    "by mobile": ("Contrôle", "Mobile : 06.12.34.57.03\n"),
    "no title": ("", ""),
    "blocked": ("Bloqué", ""),
    "meeting": ("Réunion", ""),
}


def slots(practice: "Practice") -> Iterator[datetime]:
    for day in (practice.days.tuesday, practice.days.thursday):
        yield from (at(day, 8, 30) + timedelta(minutes=45 * number) for number in range(5))
        yield from (at(day, 14) + timedelta(minutes=45 * number) for number in range(6))


@pytest.fixture(scope="module")
def answers(open_practice: "Practice") -> dict[str, Event]:
    """Each entry as it stands after one pass."""
    open_practice.knows()
    open_practice.sync()
    booked = {}
    for number, ((name, (title, text)), start) in enumerate(zip(ENTRIES.items(), slots(open_practice), strict=False)):
        booked[name] = open_practice.martin.books(title, start, 45, text.replace("{n}", str(number + 10)))
    open_practice.sync()
    return {name: open_practice.martin.sees(event) for name, event in booked.items()}


def test_p07_p12_p13_p15_p17_p21_p26_p28_a_good_entry_is_restated_in_words_and_confirmed(
    answers: dict[str, Event],
) -> None:
    good = answers["nothing wrong"]
    assert good.title == "✓ ALLARD Anne – détartrage"
    assert "à 8 h 30, 45 min, Dr Claire Martin" in good.block
    assert "ALLARD Anne, né(e) le 12/05/1910" in good.block
    assert "Détartrage – première consultation" in good.block
    assert "✗" not in good.block


MISSING = [
    pytest.param("no birth date", "✗ Date de naissance manquante : tapez « Né(e) le : JJ/MM/AAAA ».", id="p29_birth"),
    pytest.param("no mobile", "✗ Mobile manquant : tapez « Mobile : 06 … »", id="p30_p50_mobile"),
    pytest.param("no e-mail", "✗ E-mail manquant : tapez « E-mail : nom@exemple.fr »", id="p31_p50_email"),
    pytest.param("no address", "✗ Adresse manquante : tapez « Adresse : ", id="p32_address"),
    pytest.param("no motif", "✗ Motif manquant : tapez « Motif : … ». Motifs : Détartrage", id="p33_motif"),
    pytest.param("vague motif", "n'est pas un motif précis. Motifs : Détartrage", id="p33_vague"),
    pytest.param("unknown motif", "✗ Motif « blanchiment » inconnu.", id="p06_unknown"),
    pytest.param("landline", "✗ Mobile « 01 43 00 00", id="p13_landline"),
    pytest.param("domain slip", "vouliez-vous dire « personne19@gmail.com » ?", id="p14_slip"),
    pytest.param("single letter", "Tapez le nom et le prénom complets.", id="p12_single_letter"),
    pytest.param("short address", "✗ Adresse « ", id="p32_incomplete"),
    pytest.param("born tomorrow", "✗ Date de naissance « 12/05/2099 »", id="p29_future"),
    pytest.param("nobody asked", "✗ Dentiste attitré ? Tapez « Dentiste : Dr", id="p22_unasked"),
    pytest.param("misspelt", "n'est pas dans le fichier", id="p05_unknown"),
]


@pytest.mark.parametrize(("entry", "sentence"), MISSING)
def test_p05_p06_p14_p22_p29_p30_p31_p32_p33_p34_p50_what_is_missing_or_wrong_blocks(
    answers: dict[str, Event], entry: str, sentence: str
) -> None:
    answer = answers[entry]
    assert sentence in answer.block
    assert answer.title.startswith("⚠ ")
    assert "envoyé" not in answer.block
    assert answer.hers in ENTRIES[entry][1].replace("{n}", str(list(ENTRIES).index(entry) + 10))


def test_p18_only_those_who_are_complete_hear_of_it(answers: dict[str, Event], open_practice: "Practice") -> None:
    told = {one.to for one in open_practice.sink.messages}
    assert told == {"+33622334410", "+33633445566"}
    assert len(open_practice.sink.messages) == len(told)
    assert open_practice.subjects("personne24@example.org") != []


def test_p05_the_nearest_patients_are_named_to_pick_from(answers: dict[str, Event]) -> None:
    assert "DURAND Hélène" in answers["misspelt"].block
    assert "03/07/1968" in answers["misspelt"].block


def test_p03_p16_a_mobile_alone_finds_the_patient_and_the_dentist(answers: dict[str, Event]) -> None:
    assert "LEROY Jean, né(e) le 05/11/1975" in answers["by mobile"].block
    assert "✗ LEROY Jean est suivi(e) par Dr Paul Bernard, pas par Dr Claire Martin." in answers["by mobile"].block


def test_p34_a_traced_exception_replaces_the_mobile(answers: dict[str, Event], open_practice: "Practice") -> None:
    assert "Sans mobile, noté : n'en a pas" in answers["exception"].block
    assert "✓ E-mail de confirmation envoyé" in answers["exception"].block
    assert "SMS" not in answers["exception"].block


def test_p34_a_child_is_told_through_the_parent(answers: dict[str, Event], open_practice: "Practice") -> None:
    assert answers["minor"].title == "✓ SIMON Alice – détartrage"
    assert open_practice.subjects("c@example.org") != []


@pytest.mark.parametrize("entry", ["blocked", "no title"])
def test_p51_time_kept_without_a_reason_is_flagged(answers: dict[str, Event], entry: str) -> None:
    assert "✗ Ce créneau est bloqué sans motif." in answers[entry].block
    assert answers[entry].title.startswith("⚠")


def test_p51_a_reason_is_enough(answers: dict[str, Event]) -> None:
    assert (answers["meeting"].title, answers["meeting"].text) == ("Réunion", "")


def test_p12_to_p34_one_pass_more_changes_and_tells_nothing(
    answers: dict[str, Event], open_practice: "Practice"
) -> None:
    before = len(open_practice.sink.messages), len(open_practice.mail.messages)
    assert "0 message envoyé, 0 événement annoté" in open_practice.sync()
    assert (len(open_practice.sink.messages), len(open_practice.mail.messages)) == before
    assert all(open_practice.martin.sees(one).etag == one.etag for one in answers.values())

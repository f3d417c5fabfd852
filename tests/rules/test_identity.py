"""Who is meant: the entry as typed, the directory, and what follows."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from rules.model import Entry, Finding, Patient, Policy, Severity
from rules.patients.clues import Clues, clues, search_term
from rules.patients.identify import identify
from rules.patients.record_update import complete

POLICY = Policy()
MARIE = Patient("Dupont", "Marie", 1, birth_date=date(1981, 5, 12), mobile="+33612345678", email="marie@orange.fr")
YANN = Patient("Le Goff", "Jean-Yann", 2, birth_date=date(1970, 1, 2), mobile="+33687654321")
ANNE = Patient("Durand", "Anne", 3, birth_name="Lefèvre", birth_date=date(1990, 3, 4))


def of(name: str, **details: object) -> Entry:
    return Entry(name_text=name, **details)  # type: ignore[arg-type]


def rules_of(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("DUPONT Marie", MARIE),
        ("Marie Dupont", MARIE),
        ("marie dupont", MARIE),
        ("Le Goff Jean Yann", YANN),
        ("LEGOFF Jean-Yann", YANN),
        ("Jean-Yann LE GOFF", YANN),
        ("DURAND Anne", ANNE),
        ("Lefevre Anne", ANNE),
    ],
)
def test_p03_a_name_is_found_in_any_order_and_spelling(typed: str, meant: Patient) -> None:
    match = identify(of(typed), (MARIE, YANN, ANNE), POLICY)
    assert (match.patient, match.findings) == (meant, ())


@pytest.mark.parametrize(
    "entry",
    [
        Entry(mobile="+33612345678"),
        Entry(birth_date=date(1981, 5, 12)),
        Entry(email="Marie@orange.fr"),
        of("Dupont", mobile="+33612345678"),
        of("Marie", birth_date=date(1981, 5, 12)),
    ],
)
def test_p03_a_bare_clue_resolves_where_it_is_unique(entry: Entry) -> None:
    assert identify(entry, (MARIE, YANN), POLICY).patient == MARIE


def test_p03_homonyms_are_listed_with_their_birth_dates_and_the_birth_date_decides() -> None:
    other = replace(MARIE, id=9, birth_date=date(2001, 6, 7), mobile=None, email=None)
    unsure = identify(of("DUPONT Marie"), (MARIE, other), POLICY)
    assert rules_of(unsure.findings) == ["patient-ambiguous"]
    assert unsure.findings[0].proposals == (
        "DUPONT Marie, né(e) le 12/05/1981 (= 1)",
        "DUPONT Marie, né(e) le 07/06/2001 (= 2)",
    )
    assert identify(of("DUPONT Marie", birth_date=date(2001, 6, 7)), (MARIE, other), POLICY).patient == other


def test_p03_a_family_phone_alone_is_ambiguous_and_the_first_name_decides() -> None:
    paul = replace(MARIE, id=9, given_name="Paul", birth_date=date(2015, 6, 7))
    assert rules_of(identify(Entry(mobile=MARIE.mobile), (MARIE, paul), POLICY).findings) == ["patient-ambiguous"]
    assert identify(of("DUPONT Paul", mobile=MARIE.mobile), (MARIE, paul), POLICY).patient == paul


def test_p03_twins_are_told_apart_by_their_first_names() -> None:
    luc, paul = replace(MARIE, id=7, given_name="Luc"), replace(MARIE, id=8, given_name="Paul")
    match = identify(of("DUPONT Luc", birth_date=MARIE.birth_date, mobile=MARIE.mobile), (luc, paul), POLICY)
    assert match.patient == luc


def test_p05_a_new_twin_is_no_duplicate() -> None:
    twin = of("DUPONT Luc", birth_date=MARIE.birth_date, mobile=MARIE.mobile, new_patient=True)
    match = identify(twin, (MARIE,), POLICY)
    assert (match.patient, match.findings) == (None, ())


def test_p03_the_name_of_one_and_the_birth_date_of_another_is_never_a_guess() -> None:
    match = identify(of("DUPONT Marie", birth_date=YANN.birth_date), (MARIE, YANN), POLICY)
    assert match.patient is None
    assert rules_of(match.findings) == ["patient-mismatch"]


def test_p03_the_mobile_of_one_and_the_birth_date_of_another_is_never_a_guess() -> None:
    match = identify(Entry(mobile=MARIE.mobile, birth_date=YANN.birth_date), (MARIE, YANN), POLICY)
    assert (match.patient, rules_of(match.findings)) == (None, ["patient-mismatch"])


@pytest.mark.parametrize("typed", ["DUPOND Marie", "DUPONT Mario"])
def test_p05_a_near_name_is_only_ever_a_proposal(typed: str) -> None:
    match = identify(of(typed, birth_date=MARIE.birth_date, mobile=MARIE.mobile), (YANN, MARIE), POLICY)
    assert (match.patient, rules_of(match.findings)) == (None, ["patient-unknown"])
    assert match.findings[0].proposals[0] == "DUPONT Marie, né(e) le 12/05/1981 (= 1)"


def test_p03_a_father_with_the_same_phone_is_not_his_son() -> None:
    father = Patient("Dupont", "Jean-Pierre", 5, mobile="+33612345678", birth_date=date(1950, 1, 1))
    assert identify(of("DUPONT Jean", mobile="+33612345678"), (father,), POLICY).patient is None


def test_p05_new_patient_with_a_homonym_of_another_age_is_new() -> None:
    match = identify(of("DUPONT Marie", birth_date=date(2001, 6, 7), new_patient=True), (MARIE,), POLICY)
    assert (match.patient, match.findings) == (None, ())


def test_p05_new_patient_with_only_a_known_name_is_asked_for_the_birth_date() -> None:
    match = identify(of("DUPONT Marie", new_patient=True), (MARIE,), POLICY)
    assert (match.patient, rules_of(match.findings)) == (None, ["patient-namesake"])


def test_p05_new_patient_who_is_on_file_uses_the_record() -> None:
    match = identify(of("DUPONT Marie", birth_date=MARIE.birth_date, new_patient=True), (MARIE,), POLICY)
    assert (match.patient, rules_of(match.findings)) == (MARIE, ["patient-exists"])


def test_p05_the_entry_that_made_the_record_stays_silent() -> None:
    entry = of("DUPONT Marie", birth_date=MARIE.birth_date, new_patient=True)
    assert identify(entry, (MARIE,), POLICY, linked=1).findings == ()
    assert rules_of(identify(entry, (MARIE,), POLICY, linked=1, born_here=False).findings) == ["patient-exists"]


@pytest.mark.parametrize(("mobile", "severity"), [(None, Severity.WARNING), (MARIE.mobile, Severity.ERROR)])
def test_p05_a_possible_duplicate_blocks_only_with_the_same_contact(mobile: str | None, severity: Severity) -> None:
    entry = of("DUPOND Marie", birth_date=MARIE.birth_date, mobile=mobile, new_patient=True)
    [finding] = identify(entry, (MARIE,), POLICY).findings
    assert (finding.rule, finding.severity) == ("patient-duplicate", severity)


def test_p04_missing_details_are_filled_and_a_new_mobile_replaces_the_old_one() -> None:
    entry = of("DUPONT Marie", mobile="+33699999978", address="3 rue des Roses, 75020 Paris")
    patient, changes, findings = complete(MARIE, entry, POLICY, {})
    assert (patient.mobile, patient.email, findings) == ("+33699999978", "marie@orange.fr", [])
    assert changes == ("mobile : …78 → …78", "adresse : 3 rue des Roses, 75020 Paris")


def test_p04_an_invalid_detail_never_replaces_a_valid_one() -> None:
    patient, changes, findings = complete(MARIE, of("DUPONT Marie", mobile_text="06 12"), POLICY, {})
    assert (patient, changes) == (MARIE, ())
    assert findings[0].text == "Mobile « 06 12 » n'est pas valable : l'ancien renseignement est conservé."


def test_p04_a_typed_birth_date_never_replaces_the_one_on_file() -> None:
    assert complete(MARIE, Entry(birth_date=date(2000, 1, 1)), POLICY, {})[0].birth_date == date(1981, 5, 12)


def test_p03_the_directory_is_asked_for_every_clue() -> None:
    entry = of("LE GOFF Jean-Yann", mobile="+33612345678", email="Y@orange.fr", birth_date=date(1970, 1, 2))
    assert clues(entry) == Clues(
        ("goff", "jean", "yann"), ("+33612345678",), ("Y@orange.fr", "y@orange.fr"), (date(1970, 1, 2),)
    )


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("dupont Marie", Clues(names=("dupont", "marie"))),
        ("06 12 34 56 78", Clues(mobiles=("+33612345678",))),
        ("06.12.34.56.78", Clues(mobiles=("+33612345678",))),
        ("+33 6 12 34 56 78", Clues(mobiles=("+33612345678",))),
        ("06 12 34 56 78 12/05/1981", Clues(mobiles=("+33612345678",), birth_dates=(date(1981, 5, 12),))),
        ("01 12 05 19 81", Clues()),
        ("12/05/1981", Clues(birth_dates=(date(1981, 5, 12),))),
        ("42", Clues(ids=(42,))),
        ("marie@orange.fr", Clues(emails=("marie@orange.fr",))),
    ],
)
def test_p03_a_search_term_is_a_name_a_phone_or_a_birth_date(term: str, expected: Clues) -> None:
    assert search_term(term) == expected


@pytest.mark.parametrize(
    ("typed", "severity"),
    [("DUPOND Marie", Severity.ERROR), ("DUPOND Mario", Severity.ERROR), ("DUPONT Lefevre", Severity.WARNING)],
)
def test_p05_a_duplicate_blocks_only_where_the_first_names_are_near(typed: str, severity: Severity) -> None:
    entry = of(typed, birth_date=MARIE.birth_date, mobile=MARIE.mobile, new_patient=True)
    people = (replace(MARIE, birth_name="Lefevre"),)
    assert [one.severity for one in identify(entry, people, POLICY).findings] == [severity]


def test_p29_two_homonyms_born_on_the_same_day_are_asked_about_even_with_the_birth_date() -> None:
    other = replace(MARIE, id=9, mobile="+33699999988", email=None)
    match = identify(of("DUPONT Marie", birth_date=MARIE.birth_date), (MARIE, other), POLICY)
    assert (match.patient, rules_of(match.findings)) == (None, ["patient-ambiguous"])
    told_apart = of("DUPONT Marie", birth_date=MARIE.birth_date, mobile="+33699999988")
    assert identify(told_apart, (MARIE, other), POLICY).patient == other

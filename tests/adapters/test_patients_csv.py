"""The directory as a file, as practice software writes it (docs/design.md#details-people-rely-on)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.patients import Import, LineProblem, read_csv, write_csv
from rules.details.names import joined
from rules.model import Patient
from rules.text.fold import key, tidy

TODAY = date(2026, 11, 24)
DENTISTS = {"martin": "Dr Claire Martin", "bernard": "Dr Paul Bernard"}
HEADER = "nom;prénom;naissance;mobile;email;adresse;dentiste\n"
MARIE = "DUPONT;Marie;12/05/1981;06 12 34 56 78;marie@exemple.fr;12 rue des Lilas, 75020 Paris;martin\n"
RECORD = Patient(
    family_name="Dupont",
    given_name="Marie",
    birth_date=date(1981, 5, 12),
    mobile="+33612345678",
    email="marie@exemple.fr",
    address="12 rue des Lilas, 75020 Paris",
    dentist="martin",
)


def read(text: str, encoding: str = "utf-8") -> Import:
    return read_csv(text.encode(encoding), DENTISTS, TODAY)


def patients(done: Import) -> list[Patient]:
    return [row.patient for row in done.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_file_is_read_in_the_encodings_of_spreadsheets(encoding: str) -> None:
    done = read(HEADER + MARIE.replace("Marie;", "Zoé;"), encoding)
    assert (done.problems, done.rows[0].patient.given_name) == ((), "Zoé")


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_any_usual_delimiter_will_do(delimiter: str) -> None:
    assert patients(read((HEADER + MARIE).replace(";", delimiter))) == [RECORD]


def test_commas_separate_where_they_are_quoted_inside() -> None:
    done = read('nom,prénom,adresse\nDUPONT,Marie,"12 rue des Lilas, 75020 Paris"\n')
    assert done.rows[0].patient.address == "12 rue des Lilas, 75020 Paris"


def test_headers_come_in_any_order_case_and_words() -> None:
    done = read(
        "E-Mail;PORTABLE;Prenom;Nom de famille;Date de naissance;Praticien;Adresse postale;N° dossier\n"
        "marie@exemple.fr;0612345678;Marie;DUPONT;1981-05-12;Dr Claire Martin;12 rue des Lilas, 75020 Paris;A-17\n"
    )
    assert done.problems == ()
    assert done.rows[0].patient.foreign_id == "A-17"
    assert (done.rows[0].patient.birth_date, done.rows[0].patient.dentist) == (date(1981, 5, 12), "martin")


def test_an_invalid_detail_is_left_out_and_named_by_its_line() -> None:
    done = read(HEADER + MARIE + MARIE.replace("06 12 34 56 78", "01 43 00 00 00").replace("Marie", "Luc"))
    assert done.rows[1].patient.mobile is None
    assert done.problems == (
        LineProblem(3, "mobile « 01 43 00 00 00 » : c'est un fixe. Importé sans ce renseignement."),
    )


def test_a_slip_in_a_mail_domain_is_proposed_never_corrected() -> None:
    done = read(HEADER + MARIE.replace("exemple.fr", "gmial.com"))
    assert done.rows[0].patient.email is None
    assert "vouliez-vous dire « marie@gmail.com » ?" in done.problems[0].text


def test_an_unknown_dentist_is_named_with_those_there_are() -> None:
    done = read(HEADER + MARIE.replace(";martin", ";Dr Durand"))
    assert done.rows[0].patient.dentist is None
    assert "dentiste inconnu (Dr Claire Martin et Dr Paul Bernard)" in done.problems[0].text


def test_a_line_without_name_is_skipped_and_the_others_are_not() -> None:
    done = read(HEADER + MARIE.replace("DUPONT", "") + "\n;;;;;;\n" + MARIE)
    assert patients(done) == [RECORD]
    assert done.problems == (LineProblem(2, "Il manque : nom. La ligne n'est pas importée."),)


def test_a_quoted_cell_may_run_over_lines_and_the_count_stays_true() -> None:
    done = read(
        HEADER
        + MARIE.replace("12 rue des Lilas, 75020 Paris", '"12 rue des Lilas\n75020 Paris"')
        + MARIE.replace("Marie;", "Luc;")
    )
    assert [row.line for row in done.rows] == [2, 4]
    assert "75020 Paris" in (done.rows[0].patient.address or "")


def test_a_missing_name_column_stops_the_import_with_what_was_expected() -> None:
    done = read("prénom;mobile\nMarie;0612345678\n")
    assert done.rows == ()
    assert (
        LineProblem(
            1,
            "La colonne « nom » manque : rien n'est importé. "
            "Première ligne attendue : nom;prénom;naissance;mobile;email;adresse;dentiste.",
        )
        in done.problems
    )


def test_other_missing_and_unknown_columns_are_said_once() -> None:
    done = read("nom;prénom;naissance;mobile;email;adresse;couleur\nDUPONT;Marie;;;;;bleu\n")
    assert [problem.text for problem in done.problems] == [
        "La colonne « couleur » est inconnue : elle est ignorée.",
        "La colonne « dentiste » manque : ce renseignement ne sera pas importé.",
    ]


@pytest.mark.parametrize("cell", ['"12 rue "des" Lilas"', '"12 rue des Lilas', "x" * 200_000])
def test_a_line_that_cannot_be_read_is_never_passed_over(cell: str) -> None:
    done = read(HEADER + MARIE + MARIE.replace("12 rue des Lilas, 75020 Paris", cell))
    assert patients(done) == [RECORD]
    assert [(problem.line, problem.text[:23]) for problem in done.problems] == [(3, "La ligne est illisible ")]


def test_an_empty_file_is_one_problem() -> None:
    assert read("\n\n").problems == (LineProblem(1, "Le fichier est vide."),)


@given(st.binary(max_size=300))
def test_no_file_makes_it_fall(content: bytes) -> None:
    done = read_csv(HEADER.encode() + content, DENTISTS, TODAY)
    assert all(row.patient.family_name and row.line > 1 for row in done.rows)


def test_the_export_is_what_people_can_read() -> None:
    lines = write_csv([RECORD], DENTISTS).decode("utf-8-sig").splitlines()
    assert lines == [
        "nom;prénom;naissance;mobile;email;adresse;dentiste;nom_naissance;responsable;id",
        "Dupont;Marie;12/05/1981;06 12 34 56 78;marie@exemple.fr;12 rue des Lilas, 75020 Paris;Dr Claire Martin;;;",
    ]


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"])
def test_no_cell_of_the_export_is_a_formula(cell: str) -> None:
    written = write_csv([Patient("Dupont", "Marie", guardian=cell)], DENTISTS).decode("utf-8-sig")
    assert f";'{cell};" in written


WORDS = st.sampled_from(["Dupont", "Le Goff", "D'Hervé", "Müller", "Cœur-Joly", "Marie", "Jean-Luc", "Zoé", "Nguyễn"])
CELLS = st.one_of(
    st.none(),
    st.text(st.characters(codec="cp1252", categories=["L", "N", "P", "S"]), min_size=1, max_size=12),
    st.sampled_from(["=1+1", "'=x", "''+y", '"', 'a;b,"c"', "-", "@"]),
)
PATIENTS = st.builds(
    Patient,
    family_name=WORDS,
    given_name=WORDS,
    birth_name=st.none() | WORDS,
    birth_date=st.none() | st.dates(date(1930, 1, 1), date(2026, 11, 23)),
    mobile=st.sampled_from([None, "+33612345678", "+33769123456", "+262692123456", "+590690123456", "+41791234567"]),
    email=st.sampled_from([None, "a.b+c@exemple.fr", "zoe@lilas.example"]),
    address=st.sampled_from([None, "12 rue des Lilas, 75020 Paris", "3 bis bd de l'Œuvre, 97400 Saint-Denis"]),
    dentist=st.sampled_from([None, "martin", "bernard"]),
    guardian=CELLS,
    foreign_id=CELLS,
)


def _person(one: Patient) -> tuple[object, ...]:
    """Who stands in a file twice is one patient."""
    return key(one.family_name), key(one.given_name), one.birth_date


def _number(one: Patient) -> object:
    return tidy(one.foreign_id or "") or object()


@given(st.lists(PATIENTS, max_size=5, unique_by=(_person, _number)))
def test_what_is_exported_is_read_back_the_same(given_patients: list[Patient]) -> None:
    wanted = [_normal(patient) for patient in given_patients]
    done = read_csv(write_csv(wanted, DENTISTS), DENTISTS, TODAY)
    assert patients(done) == wanted
    assert done.problems == ()


def _normal(patient: Patient) -> Patient:
    """As the directory holds it: names in normal capitals, texts tidy."""
    from msgspec.structs import replace

    name = joined(patient.family_name, patient.given_name, patient.birth_name or "")
    return replace(
        patient,
        family_name=name.family,
        given_name=name.given,
        birth_name=name.birth,
        guardian=tidy(patient.guardian or "") or None,
        foreign_id=tidy(patient.foreign_id or "") or None,
    )

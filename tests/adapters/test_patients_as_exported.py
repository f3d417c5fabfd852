"""Patients' files as practice software and spreadsheets really write them: other columns, lost zeros, Excel's forms."""

from __future__ import annotations

from datetime import date

import pytest

from adapters.patients import Import, read_csv
from rules.model import Patient

TODAY = date(2026, 11, 24)
DENTISTS = {"martin": "Dr Claire Martin", "bernard": "Dr Paul Bernard", "goff": "Dr Anne Le Goff"}


def read(*lines: str) -> Import:
    return read_csv("\n".join(lines).encode(), DENTISTS, TODAY)


def only(done: Import) -> Patient:
    [row] = done.rows
    return row.patient


def said(done: Import) -> list[str]:
    return [problem.text for problem in done.problems]


@pytest.mark.parametrize(
    "columns",
    ["Adresse;CP;VILLE", "Rue;Code postal;Ville", "address;zipcode;city", "voie;code_postal;commune",
     "ADRESSE;C.P.;Localité"],
)  # fmt: skip
def test_p32_street_postcode_and_town_in_three_columns_are_one_address(columns: str) -> None:
    done = read(f"Nom;Prénom;{columns}", "DUPONT;Marie;12 rue des Lilas;75020;Paris")
    assert only(done).address == "12 rue des Lilas, 75020 Paris"


def test_p32_a_complement_stands_before_the_street_and_a_whole_address_is_not_lengthened() -> None:
    head = "nom;prénom;adresse;complément d'adresse;code postal;ville"
    assert (
        only(read(head, "DUPONT;Marie;12 rue Haxo;Bâtiment B;75020;Paris")).address
        == "Bâtiment B, 12 rue Haxo, 75020 Paris"
    )
    assert only(read(head, "DUPONT;Marie;12 rue Haxo, 75020 Paris;;75020;PARIS")).address == "12 rue Haxo, 75020 Paris"


def test_p32_a_postcode_that_lost_its_zero_is_repaired_where_the_whole_column_did() -> None:
    head = "nom;prénom;adresse;cp;ville"
    done = read(head, "DUPONT;Marie;3 rue Haute;6000;Nice", "PETIT;Luc;4 rue Basse;75020;Paris")
    assert done.rows[0].patient.address == "3 rue Haute, 06000 Nice"
    assert any("« 6000 » est lu « 06000 »" in text for text in said(done))
    kept = read(head, "DUPONT;Marie;3 rue Haute;6000;Nice", "PETIT;Luc;4 rue Basse;01000;Bourg")
    assert kept.rows[0].patient.address is None


@pytest.mark.parametrize("cell", ["612345678", "612345678.0", "6,12345678E+08", "33612345678", "6 12 34 56 78"])
def test_p13_a_mobile_that_a_spreadsheet_spoilt_is_repaired_and_said(cell: str) -> None:
    done = read("nom;prénom;mobile", f"DUPONT;Marie;{cell}")
    assert only(done).mobile == "+33612345678"
    assert any("mobile" in text and "tableur" in text for text in said(done)) is (cell != "33612345678")


def test_p13_a_mobile_that_a_spreadsheet_shortened_is_lost_and_the_way_out_is_said() -> None:
    done = read("nom;prénom;mobile", "DUPONT;Marie;6,12E+08")
    assert only(done).mobile is None
    assert "format Texte" in " ".join(said(done))


def test_p13_a_filler_is_never_dropped_without_a_word() -> None:
    done = read("nom;prénom;mobile;naissance;email", "DUPONT;Marie;0611111111;00/00/0000;aucun")
    assert only(done).mobile is None
    assert [text for text in said(done) if "« 0611111111 »" in text and "remplissage" in text]
    assert [text for text in said(done) if "« 00/00/0000 »" in text]
    assert not [text for text in said(done) if "aucun »" in text]


@pytest.mark.parametrize("cell", ["29718", "29718,0", "12/05/1981 00:00:00", "1981-05-12T00:00:00"])
def test_p29_the_days_of_a_spreadsheet_are_read(cell: str) -> None:
    done = read("nom;prénom;date de naissance", f"DUPONT;Marie;{cell}")
    assert only(done).birth_date == date(1981, 5, 12)
    assert any("12/05/1981" in text for text in said(done)) is cell.startswith("29718")


def test_p13_the_mobile_is_taken_from_whichever_column_holds_it() -> None:
    doctolib = "last_name;first_name;phone_number;secondary_phone_number"
    assert only(read(doctolib, "DUPONT;Marie;01 43 00 00 00;0612345678")).mobile == "+33612345678"
    libreosteo = "Nom de Famille;Prénom;Téléphone;Mobile"
    done = read(libreosteo, "DUPONT;Marie;01 43 00 00 00;0612345678")
    assert only(done).mobile == "+33612345678"
    assert not [text for text in said(done) if "fixe" in text]
    two = read(libreosteo, "DUPONT;Marie;06 98 76 54 32;0612345678")
    assert only(two).mobile == "+33612345678"
    assert [text for text in said(two) if "deux mobiles" in text]


@pytest.mark.parametrize(
    ("header", "cell"),
    [("Nom Prénom", "DUPONT Marie"), ("Nom et prénom", "Dupont Marie"), ("Patient", "Marie DUPONT"),
     ("Nom", "DUPONT Marie"), ("Prénom Nom", "Marie Dupont"), ("Nom complet", "Mme DUPONT Marie")],
)  # fmt: skip
def test_p28_both_names_in_one_column_are_taken_apart(header: str, cell: str) -> None:
    patient = only(read(f"{header};mobile", f"{cell};0612345678"))
    assert (patient.family_name, patient.given_name) == ("Dupont", "Marie")


def test_p28_names_that_cannot_be_told_apart_are_asked_about() -> None:
    done = read("Nom Prénom;mobile", "Le Goff Jean Marie;0612345678", "DURAND;0612345679")
    assert done.rows == ()
    assert "capitales" in said(done)[-2]
    assert said(done)[-1].startswith("Il manque : prénom.")


@pytest.mark.parametrize(
    "cell", ["MARTIN Claire", "MARTIN C.", "C. Martin", "Dr MARTIN", "martin claire", "Docteur Claire MARTIN"]
)
def test_p22_a_dentist_is_known_in_any_order_and_by_an_initial(cell: str) -> None:
    assert only(read("nom;prénom;dentiste", f"DUPONT;Marie;{cell}")).dentist == "martin"


@pytest.mark.parametrize("header", ["Praticien traitant", "Dentiste habituel", "PRATICIEN RÉFÉRENT"])
def test_p22_the_column_of_the_dentist_has_the_names_that_practices_give_it(header: str) -> None:
    assert only(read(f"nom;prénom;{header}", "DUPONT;Marie;Dr Claire Martin")).dentist == "martin"


@pytest.mark.parametrize("cell", ["Claire", "MARTIN Paul", "M.", "GOFF", "Dr Durand"])
def test_p22_a_dentist_is_never_guessed(cell: str) -> None:
    done = read("nom;prénom;dentiste", f"DUPONT;Marie;{cell}")
    expected = "goff" if cell == "GOFF" else None
    assert only(done).dentist == expected


def test_p05_the_same_patient_twice_is_said_and_nothing_is_overwritten() -> None:
    head = "nom;prénom;naissance;mobile;email"
    one, other = "DUPONT;Marie;12/05/1981;0612345678;", "DUPONT;Marie;12/05/1981;0698765432;marie@exemple.fr"
    done = read(head, one, other)
    assert only(done).mobile == "+33612345678"
    assert only(done).email == "marie@exemple.fr"
    assert [text for text in said(done) if "ligne 2" in text and "mobile" in text]
    assert said(read(head, one, one))[-1].startswith("Même patient qu'à la ligne 2")


def test_p05_two_lines_of_one_name_without_birth_date_are_not_made_one() -> None:
    done = read("nom;prénom;mobile", "DUPONT;Marie;0612345678", "DUPONT;Marie;0698765432")
    assert only(done).mobile == "+33612345678"
    assert "date de naissance" in said(done)[-1]


def test_two_numbers_of_the_software_are_two_people() -> None:
    done = read("nom;prénom;naissance;id", "DUPONT;Marie;12/05/1981;1", "DUPONT;Marie;12/05/1981;2")
    assert len(done.rows) == 2


@pytest.mark.parametrize(
    ("content", "wanted"),
    [(b"PK\x03\x04\x14\x00xl/workbook.xml", "CSV UTF-8"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "CSV UTF-8"),
     (b"%PDF-1.7", "CSV"), (b"BEGIN:VCARD\nFN:Marie\nEND:VCARD\n", "CSV"),
     (b"<html><table><tr><td>Nom</td></tr></table>", "CSV"),
     (b"DUPONT;Marie;12/05/1981;0612345678\nPETIT;Luc;01/02/1990;0698765432\n", "nommer les colonnes")],
)  # fmt: skip
def test_what_is_no_table_with_a_header_is_one_sentence(content: bytes, wanted: str) -> None:
    done = read_csv(content, DENTISTS, TODAY)
    assert done.rows == ()
    [problem] = done.problems
    assert wanted in problem.text


def test_the_columns_of_an_export_that_are_not_read_are_one_line() -> None:
    doctolib = (
        "id,import_identifier,gender,last_name,maiden_name,first_name,birthdate,email,phone_number,secondary_phone_number,"
        "address,zipcode,city,insurance_type,crucial_info,referrer,occupation,regular_doctor_name,regular_doctor_city,notes,"
        "no_notifications_for_doctor_appointment"
    )
    line = (
        '17,,F,DUPONT,MARTIN,Marie,12/05/1981,m@free.fr,+33612345678,,12 rue des Lilas,75020,Paris,,,,,,,"a\nb",false'
    )
    done = read(doctolib, line)
    patient = only(done)
    assert (patient.foreign_id, patient.birth_name, patient.address) == (
        "17",
        "Martin",
        "12 rue des Lilas, 75020 Paris",
    )
    assert len([text for text in said(done) if "import_identifier" in text and "notes" in text]) == 1
    assert len(done.problems) == 2

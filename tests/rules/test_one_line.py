"""Descriptions as receptions type them: any order, one line, any separator, labels without a sign (P13, P14, P29 to
P32, P34)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from rules.model import Entry, Guardian

Typed = Callable[..., Entry]
TITLE = "DUPONT Marie – détartrage"
BORN, MOBILE, EMAIL, HOME = date(1981, 5, 12), "+33612345678", "rose.guy@orange.fr", "3 rue Haxo 75020 Paris"


def read(typed: Typed, text: str) -> Entry:
    return typed(TITLE, text)


def details(entry: Entry) -> tuple[object, ...]:
    return entry.birth_date, entry.mobile, entry.email, entry.address


@pytest.mark.parametrize(
    "line",
    [
        "NP, ss préf, 12/05/1981, 06 12 34 56 78, rose.guy@orange.fr, 3 rue Haxo 75020 Paris",
        "ddn 12-05-1981 tel 06 12 34 56 78 mail rose.guy@orange.fr adresse 3 rue Haxo 75020 Paris, sans préférence",
        "3 rue Haxo 75020 Paris / rose.guy@orange.fr / 0612345678 / née le 12 mai 1981 / sans préférence",
        "sans préférence tel 0612345678 mail rose.guy@orange.fr né le 12/05/1981 3 rue Haxo 75020 Paris",
        "Née le 12.05.1981 – 06.12.34.56.78 – rose.guy@orange.fr – habite 3 rue Haxo 75020 Paris – sans préférence",
        "rose.guy@orange.fr ; (06) 12 34 56 78 ; ADR 3 rue Haxo 75020 Paris ; 12‑05‑1981 ; ss pref",
        "ddn : 12/05/1981 tel 06 12 34 56 78 mail rose.guy@orange.fr adr 3 rue Haxo 75020 Paris sans préférence",
        "tel : 0612345678 mail : rose.guy@orange.fr ddn : 12051981 adresse : 3 rue Haxo 75020 Paris, sans préférence",
    ],
)
def test_p34_every_detail_in_any_order_on_one_line(typed: Typed, line: str) -> None:
    entry = read(typed, line)
    assert details(entry) == (BORN, MOBILE, EMAIL, HOME)
    assert (entry.no_preference, entry.comment, entry.findings) == (True, "", ())


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("33612345738", "+33612345738"),
        ("+33 (0)6 45 18 73 55", "+33645187355"),
        ("(06) 45 18 73 55", "+33645187355"),
        ("[06] 45 18 73 55", "+33645187355"),
        *((sign.join(("06", "45", "18", "73", "56")), "+33645187356") for sign in "-‐‑‒–—―−﹣－⁄∕ ._/"),
        ("06 - 45 - 18 - 73 - 56", "+33645187356"),
        ("07 08 50 12 34", "+508708501234"),
        ("nvo port 06 12 34 56 78", MOBILE),
        ("nouveau numéro 06 12 34 56 78", MOBILE),
        ("nouveau numéro : 06 12 34 56 78", MOBILE),
        ("changement de tel 0612345678", MOBILE),
        ("nvx numéro 06 12 34 56 78", MOBILE),
        ("joignable sur 06 12 34 56 78", MOBILE),
        ("06 12 34 56 78 / 01 43 00 00 01", MOBILE),
        ("tel fixe 01 43 00 00 01 port 06 12 34 56 78", MOBILE),
        ("préfère être appelée sur son portable 06 12 34 56 78", MOBILE),
    ],
)
def test_p13_the_patients_own_mobile(typed: Typed, line: str, number: str) -> None:
    entry = read(typed, line)
    assert (entry.mobile, entry.new_patient) == (number, False)
    assert {one.rule for one in entry.findings} <= {"text-kept"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("061234571", "9 chiffres, il en faut 10"),
        ("612345678", "9 chiffres, il en faut 10 (le 0 du début manque ?)"),
        ("nvo port 06 12 34 56", "8 chiffres, il en faut 10"),
        ("nouveau numéro : 06 12 34 56", "8 chiffres, il en faut 10"),
        ("06 12 34 56 78 ou 06 98 76 54 32", "deux numéros, un seul est attendu"),
        ("tel 01 43 00 00 01", "c'est un fixe"),
    ],
)
def test_p13_a_number_that_cannot_be_believed_is_said_with_its_reason(typed: Typed, line: str, problem: str) -> None:
    entry = read(typed, line)
    assert entry.mobile is None
    assert [one.text.partition(" » : ")[2].partition(". Tapez")[0] for one in entry.findings] == [problem]


@pytest.mark.parametrize(
    "line", ["rappeler au 06 12 34 56 78", "vu avec Jean 06 12 34 56 78", "devis envoyé rose.guy@orange.fr"]
)
def test_p13_a_number_without_owner_is_asked_about(typed: Typed, line: str) -> None:
    entry = read(typed, line)
    assert (entry.mobile, entry.email) == (None, None)
    assert entry.findings[0].text.startswith(f"« {line} » : à qui est-ce ?")


@pytest.mark.parametrize(
    "line", ["taxi 06 12 34 56 78", "Mail de son mari : rose.guy@orange.fr", "ancien numéro 06 12 34 56 78"]
)
def test_p19_what_is_somebody_elses_is_comment(typed: Typed, line: str) -> None:
    entry = read(typed, line)
    assert (entry.mobile, entry.email, entry.guardian, entry.comment) == (None, None, None, line)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("maman 06 12 34 56 78", "maman"),
        ("mère 06 12 34 56 78", "mère"),
        ("tel de sa mère 06 12 34 56 78", "mère"),
        ("maman (Julie) : 06 12 34 56 78", "maman Julie"),
        ("Mme Girard (mère) 06 12 34 56 78", "Mme Girard mère"),
    ],
)
def test_p34_a_parents_number_is_the_guardians(typed: Typed, line: str, name: str) -> None:
    assert read(typed, line).guardian == Guardian(name, MOBILE)


@pytest.mark.parametrize("line", ["pas de mail", "n'a pas d'adresse mail", "pas d'email", "Pas d’e-mail", "aucun mail"])
def test_p34_no_email_is_an_answer_with_its_reason(typed: Typed, line: str) -> None:
    for text in (line, f"06 12 34 56 78, {line}", f"ddn 12/05/1981 {line} 06 12 34 56 78"):
        assert read(typed, text).without_email == "n'en a pas"


@pytest.mark.parametrize(
    "line", ["05/03/1975 ou 05/09/1975", "né le 05/03/1975 ou 05/09/1975", "Né le : 05/03/1975 ou 05/09/1975"]
)
def test_p29_two_dates_are_a_question(typed: Typed, line: str) -> None:
    entry = read(typed, line)
    assert entry.birth_date is None
    assert [one.rule for one in entry.findings] == ["birth-date-invalid"]


@pytest.mark.parametrize("line", ["12‑05‑1981", "12⁄05⁄1981", "ddn 12–05–1981", "Né le : 12−05−1981", "ddn 120581"])
def test_p29_any_dash_or_slash(typed: Typed, line: str) -> None:
    assert read(typed, line).birth_date == BORN


@pytest.mark.parametrize(
    ("line", "home"),
    [
        ("ADR 3 RUE HAXO 75020 PARIS", "3 RUE HAXO 75020 PARIS"),
        ("3 r. Haxo 75020 paris", "3 r. Haxo 75020 paris"),
        ("nouvelle adresse 3 rue Haxo 75020 Paris", HOME),
        ("a déménagé : 3 rue Haxo 75020 Paris", HOME),
        ("habite 3 rue Haxo à Paris 75020, amie de Mme Durand", "3 rue Haxo à Paris 75020"),
        ("3 rue Haxo 75020 Paris veut le matin", HOME),
        ("2 bis av. du Général Leclerc 92100 Boulogne Billancourt tel 06 12 34 56 78",
         "2 bis av. du Général Leclerc 92100 Boulogne Billancourt"),
        ("résidence les Lilas bât B 3 rue Haxo 75020 Paris", "résidence les Lilas bât B 3 rue Haxo 75020 Paris"),
        ("Adresse : Via Condotti 12, 00187 Roma, Italie", "Via Condotti 12, 00187 Roma, Italie"),
        ("Adresse : 99084 Erfurt, Allemagne", "99084 Erfurt, Allemagne"),
        ("Adresse : Königstraße 3, D-99084 Erfurt", "Königstraße 3, D-99084 Erfurt"),
        ("Adresse : 10 Downing Street, London SW1A 2AA", "10 Downing Street, London SW1A 2AA"),
        ("Adresse : BP 120, 1000 Bruxelles, Belgique", "BP 120, 1000 Bruxelles, Belgique"),
        ("Adresse : PO Box 12, 20123 Milano, Italie", "PO Box 12, 20123 Milano, Italie"),
    ],
)  # fmt: skip
def test_p32_addresses_in_running_text_and_abroad(typed: Typed, line: str, home: str) -> None:
    entry = read(typed, line)
    assert (entry.address, [one for one in entry.findings if one.rule != "text-kept"]) == (home, [])


@pytest.mark.parametrize(
    "line",
    ["Adresse : 3 rue d'Espagne, 75020", "Adresse : 99084 Erfurt", "Adresse : 12 rue du Port, 00400, La Réunion"],
)
def test_p32_french_rules_hold_where_no_country_is_named(typed: Typed, line: str) -> None:
    assert [one.rule for one in read(typed, line).findings] == ["address-incomplete"]


@pytest.mark.parametrize(
    ("email", "proposal", "kept"),
    [
        ("paul@boulangerie-hélène.fr", "paul@boulangerie-helene.fr", "paul@boulangerie-hélène.fr"),
        ("o’neil@free.fr", "o'neil@free.fr", "o'neil@free.fr"),
    ],
)
def test_p14_a_rare_sign_is_asked_once_and_can_be_confirmed(typed: Typed, email: str, proposal: str, kept: str) -> None:
    asked = read(typed, f"E-mail : {email}")
    assert asked.email is None
    assert [one.text for one in asked.findings] == [
        f"E-mail « {email} » : vouliez-vous dire « {proposal} » ? Corrigez, ou tapez « E-mail confirmé »."
    ]
    sure = read(typed, f"E-mail : {email}\nE-mail confirmé")
    assert (sure.email, sure.findings) == (kept, ())


@pytest.mark.parametrize(
    ("line", "dentist"),
    [
        ("patient du Dr Bernard", "bernard"),
        ("veut voir Dr Martin", "martin"),
        ("06 12 34 56 78, avec Dr Martin", "martin"),
    ],
)
def test_p22_a_dentist_in_a_phrase(typed: Typed, line: str, dentist: str) -> None:
    assert read(typed, line).dentist == dentist


@pytest.mark.parametrize("line", ["courrier du Dr Bernard à scanner", "veut changer de Dr Martin"])
def test_p22_a_dentist_in_a_sentence_is_no_answer(typed: Typed, line: str) -> None:
    assert read(typed, line).dentist is None


def test_p19_what_is_left_over_is_said_and_kept(typed: Typed) -> None:
    entry = read(typed, "12/05/1981, 06 12 34 56 78 portable jusqu'à 18h, rose.guy@orange.fr")
    assert details(entry)[:3] == (BORN, None, EMAIL)
    assert "detail-unclear" in {one.rule for one in entry.findings}
    assert "jusqu'à 18h" in entry.comment
    assert any("jusqu'à 18h" in one.text for one in entry.findings)


@pytest.mark.parametrize(
    "text",
    ["NP Dr Martin", "np avec dr martin", "nouveau patient du Dr Martin", "NP Dr Martin né(e) 12/05/81",
     "NP 06 12 34 56 78 Dr Martin", "Dr Martin, NP"],
)  # fmt: skip
def test_p22_a_dentist_beside_statements(typed: Typed, text: str) -> None:
    entry = read(typed, text)
    assert (entry.known, entry.dentist, entry.comment, entry.findings) == (False, "martin", "", ())


@pytest.mark.parametrize(
    ("title", "text", "left"),
    [
        ("DUPONT Marie détartrage + radio pano", "", "radio pano"),
        ("DUPONT Marie détartrage – sa fille attend", "", "sa fille attend"),
        (TITLE, "Mobile : 06 12 34 56 78 après 18h", "après 18h"),
        (TITLE, "Mobile : 06 12 34 56 78 (celui de sa fille)", "celui de sa fille"),
    ],
)
def test_p19_words_behind_what_is_understood_are_kept_and_said(typed: Typed, title: str, text: str, left: str) -> None:
    entry = typed(title, text)
    assert (entry.motif, entry.comment) == ("Détartrage", left)
    assert [one.text for one in entry.findings] == [f"Gardé comme commentaire : « {left} »."]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        (TITLE, "Mobile : 06 12 34 56 78 (perso)"),
        (TITLE, "Mobile : 06 12 34 56 78 sms ok"),
        ("DUPONT Marie – détartage", ""),
    ],
)
def test_p19_words_that_add_nothing_are_not_kept(typed: Typed, title: str, text: str) -> None:
    assert (typed(title, text).comment, typed(title, text).findings) == ("", ())


@pytest.mark.parametrize("text", ["06 12 34 56 78 son mari", "06 12 34 56 78 bureau", "ancien mail rose.guy@orange.fr"])
def test_p19_what_is_somebody_elses_is_kept_and_said(typed: Typed, text: str) -> None:
    entry = read(typed, text)
    assert (entry.mobile, entry.email, entry.comment) == (None, None, text)
    assert [(one.rule, text in one.text) for one in entry.findings] == [("text-kept", True)]


def test_p19_after_words_that_nobody_understands_only_details_count(typed: Typed) -> None:
    entry = typed("DUPONT Marie", "06 12 34 56 78, préfère le matin, couronne, née le 12/05/1981")
    assert (entry.mobile, entry.birth_date, entry.motif) == (MOBILE, BORN, None)
    assert entry.comment == "préfère le matin\ncouronne"

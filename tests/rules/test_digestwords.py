"""The daily digest, word for word."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from rules.model import Channel, Dentist, MessageKind, Practice
from rules.telling.digest import SHOWN, Appointment, BareBlock, HeldBack, Matters, Undelivered, Unread, digest, plain

PARIS = ZoneInfo("Europe/Paris")
TODAY = date(2026, 11, 24)
LILAS = Practice(
    key="lilas",
    name="Cabinet des Lilas",
    address="12 rue des Lilas, 75020 Paris",
    phone="01 43 00 00 00",
    email="secretariat@lilas.example",
    zone=PARIS,
    dentists=(Dentist("martin", "Dr Claire Martin", "Dentiste"), Dentist("bernard", "Dr Paul Bernard", "Dentiste")),
    motifs=(),
    blocks=("Congés", "Formation"),
)
NINE = datetime(2026, 12, 1, 9, 0, tzinfo=PARIS)
FAULTY = Appointment(NINE, "martin", "DUPONT Marie", ("Mobile manquant : ajoutez « Mobile : … ».",))
BLOCK = BareBlock(NINE, NINE + timedelta(minutes=90), "bernard")
STUCK = Undelivered("DURAND Hélène", MessageKind.REMINDER, Channel.SMS, NINE, "+33612345702", reason="Numéro refusé.")


def said(matters: Matters) -> str:
    found = digest(matters, LILAS, TODAY)
    assert found is not None
    return plain(found)


def test_p51_there_is_no_empty_digest() -> None:
    assert digest(Matters(), LILAS, TODAY) is None
    assert digest(Matters(support=(("Support", "01 83 35 53 54", "ouvert"),)), LILAS, TODAY) is None


def test_p51_a_block_without_a_reason_is_listed_with_the_time_it_costs() -> None:
    lost = {("bernard", date(2026, 11, 30)): 90}
    assert said(Matters(blocks=(BLOCK,), lost=lost)) == (
        "Cabinet des Lilas, mardi 24 novembre 2026 : 1 point à regarder.\n"
        "\n"
        "CRÉNEAUX BLOQUÉS SANS MOTIF\n"
        "Donnez-leur un titre qui dit pourquoi (Congés, Formation), ou libérez-les.\n"
        "- mardi 1er décembre de 9 h à 10 h 30 (1 h 30), Dr Paul Bernard\n"
        "- Temps de consultation perdu\n"
        "    semaine du lundi 30 novembre, Dr Paul Bernard : 1 h 30\n"
    )


def test_p51_whole_days_nights_and_series_are_said_as_such() -> None:
    day, night = NINE.replace(hour=0), NINE.replace(hour=20)
    blocks = (
        BareBlock(day, day + timedelta(days=1), "martin", all_day=True),
        BareBlock(night, night + timedelta(hours=12), "martin", repeated=True),
    )
    text = said(Matters(blocks=blocks))
    assert "- mardi 1er décembre, toute la journée, Dr Claire Martin\n" in text
    assert "- du mardi 1er décembre à 20 h au mercredi 2 décembre à 8 h, Dr Claire Martin ; se répète" in text


def test_a_booking_to_correct_says_when_who_and_what_to_type() -> None:
    assert (
        "- mardi 1er décembre à 9 h, Dr Claire Martin : DUPONT Marie\n    Mobile manquant : ajoutez « Mobile : … »."
    ) in said(Matters(faulty=(FAULTY,)))


def test_several_things_to_correct_are_one_line_and_whole_where_asked() -> None:
    many = replace(FAULTY, todo=("Mobile manquant.", "E-mail « a » : ?", "→ « b »"), about="mobile et e-mail")
    found = digest(Matters(faulty=(many,)), LILAS, TODAY)
    assert found is not None
    assert plain(found).endswith("- mardi 1er décembre à 9 h, Dr Claire Martin : DUPONT Marie (mobile et e-mail)\n")
    assert plain(found, details=True).endswith("\n    Mobile manquant.\n    E-mail « a » : ?\n    → « b »\n")


def test_forty_points_are_read_in_a_minute() -> None:
    many = replace(FAULTY, todo=("Mobile manquant.",) * 6, about="mobile, e-mail et adresse")
    assert len(said(Matters(faulty=(many,) * 39)).splitlines()) == 43


def test_p18_an_undelivered_message_gives_the_number_to_call() -> None:
    assert (
        "- DURAND Hélène : SMS de rappel non remis, rendez-vous du mardi 1er décembre à 9 h\n"
        "    Appelez le 06 12 34 57 02.\n    Numéro refusé.\n"
    ) in said(Matters(undelivered=(STUCK,)))
    assert "peut-être remis" in said(Matters(undelivered=(replace(STUCK, uncertain=True),)))
    assert "Pas de numéro" in said(Matters(undelivered=(replace(STUCK, call=None),)))
    assert "+49 1511 2345678" in said(Matters(undelivered=(replace(STUCK, call="+4915112345678"),)))


def test_p43_p1_what_is_held_and_what_is_not_read_comes_with_what_to_do() -> None:
    since = datetime(2026, 11, 23, 18, 5, tzinfo=PARIS)
    text = said(
        Matters(
            held=(HeldBack("martin", 15),),
            unread=(Unread("bernard", "Le serveur refuse l'identifiant.", since), Unread("martin", "")),
            support=(("Support Doctolib", "01 83 35 53 54 (choix 2)", "ouvert jusqu'à 20 h"),),
        )
    )
    assert "- Dr Claire Martin : 15 annulations retenues\n    C'est voulu : attitre release martin" in text
    assert "- Dr Paul Bernard, depuis le lundi 23 novembre à 18 h 05\n    Le serveur refuse l'identifiant.\n" in text
    assert "- Dr Claire Martin, jamais lu\n" in text
    assert "- Support Doctolib : ouvert jusqu'à 20 h\n    01 83 35 53 54 (choix 2)\n" in text
    assert text.index("NON SYNCHRONISÉS") < text.index("RETENUES") < text.index("ASSISTANCE")


@pytest.mark.parametrize(("count", "words"), [(1, "1 point à regarder"), (3, "3 points à regarder")])
def test_the_subject_counts_and_names_nobody(count: int, words: str) -> None:
    found = digest(Matters(faulty=(FAULTY,) * count), LILAS, TODAY)
    assert found is not None
    assert found.subject == f"attitre : {words}, mardi 24 novembre"


def test_a_long_list_is_cut_and_says_so() -> None:
    text = said(Matters(faulty=(FAULTY,) * (SHOWN + 3)))
    assert text.count("DUPONT Marie") == SHOWN
    assert "- et 3 de plus : attitre agenda\n" in text

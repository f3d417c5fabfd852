"""Wished times as a secretary types them (P44)."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.entry.reading import Reader
from rules.entry.wished_times import DAYS, read, said, ticked
from rules.model import ANY_TIME, CalendarEvent, Entry, Wish
from tests.desk import SURGERY, moment

MONDAY = datetime(2026, 11, 30)


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("lundi matin", "lundi matin"),
        ("Après 17 h", "après 17 h"),
        ("lundi ou mardi matin", "lundi ou mardi matin"),
        ("lundi matin et jeudi dès 17h30", "lundi matin ou jeudi après 17 h 30"),
        ("lundi matin ou après-midi", "lundi matin ou lundi après-midi"),
        ("le matin, pas le lundi", "le matin, sauf lundi"),
        ("du lundi au jeudi", "du lundi au jeudi"),
        ("du lun au mer, après 17h", "du lundi au mercredi après 17 h"),
        ("en semaine le matin", "du lundi au vendredi matin"),
        ("l'après-midi", "l'après-midi"),
        ("12h-14h", "entre 12 h et 14 h"),
        ("mer aprem, sauf le 3", "mercredi après-midi"),
        ("sauf mercredi", "tous les jours, sauf mercredi"),
    ],
)
def test_p44_a_typed_wish_is_understood(typed: str, means: str) -> None:
    wish = read(typed)
    assert wish is not None
    assert said(wish) == means


@pytest.mark.parametrize("typed", ["", "bonjour", "urgent svp", "à 45 h", "oui"])
def test_p44_what_names_no_time_is_no_wish(typed: str) -> None:
    assert read(typed) is None


def test_p44_boxes_ticked_on_the_page() -> None:
    assert said(ticked(["lun", "jeu"], ["matin"])) == "lundi ou jeudi matin"
    assert ticked([], []) == Wish() == ticked([], ["matin", "apres-midi"])
    assert said(ticked(["mar"], ["matin", "apres-midi"])) == "mardi"


def test_p44_a_wish_admits_its_times_only() -> None:
    wish = read("lundi matin, jeudi après 17 h")
    assert wish is not None
    assert wish.admits(MONDAY.replace(hour=9))
    assert not wish.admits(MONDAY.replace(hour=12))
    assert wish.admits(MONDAY.replace(day=26, hour=17))
    assert not wish.admits(MONDAY.replace(day=26, hour=9))


@given(st.text(max_size=60))
def test_p44_no_text_breaks_it(text: str) -> None:
    read(text)


@given(
    st.sets(st.sampled_from(range(7)), min_size=1), st.sampled_from(["matin", "après-midi", "après 18 h", "avant 9 h"])
)
def test_p44_what_is_said_is_read_again_as_the_same(days: set[int], moment: str) -> None:
    wish = read(f"{' ou '.join(DAYS[day] for day in days)} {moment}")
    assert wish is not None
    assert read(said(wish)) == wish


def typed(text: str, title: str = "DUPONT Marie – contrôle") -> Entry:
    """The entry of an appointment with that text and title."""
    start = moment("01/12 10:00")
    event = CalendarEvent("e", start, start, title, text)
    return Reader(SURGERY, moment("24/11 9:00")).read(event)


def test_p44_the_waiting_list_with_wished_times() -> None:
    entry = typed("Liste d'attente : lundi matin, jeudi après 17 h")
    assert entry.waiting
    assert said(entry.wish) == "lundi matin ou jeudi après 17 h"
    assert not (entry.findings or entry.comment)
    assert typed("Liste d'attente").wish == Wish()
    assert not typed("Liste d'attente : non").waiting


@pytest.mark.parametrize("line", ["sans liste", "Sans liste d'attente", "SANS LISTE."])
def test_p44_a_slot_that_is_not_to_be_offered(line: str) -> None:
    entry = typed(line)
    assert entry.unlisted
    assert not entry.waiting


@pytest.mark.parametrize(
    ("title", "means"),
    [
        ("DUPONT Marie – détartrage – liste d'attente le matin", "le matin"),
        ("DUPONT Marie – détartrage liste d attente le matin", "le matin"),
        ("DUPONT Marie détartrage liste attente mardi après-midi", "mardi après-midi"),
        ("DUPONT Marie – détartrage LA matin", "le matin"),
        ("DUPONT Marie – détartrage – LA : mardi ou jeudi", "mardi ou jeudi"),
        ("DUPONT MARIE DETARTRAGE SUR LISTE D'ATTENTE LE MATIN", "le matin"),
        ("liste d'attente jeudi après 17h30 DUPONT Marie détartrage", "jeudi après 17 h 30"),
        ("DUPONT Marie – détartrage – en attente, le matin, pas le mercredi", "le matin, sauf mercredi"),
        ("DUPONT Marie – détartrage (liste d'attente tous les matins sauf lundi)", "le matin, sauf lundi"),
        ("DUPONT Marie – détartrage – liste d'attente entre 10 h et 12 h – 06 12 34 56 78", "entre 10 h et 12 h"),
    ],
)
def test_p44_a_wish_behind_the_list_in_a_title_is_read(title: str, means: str) -> None:
    entry = typed("", title)
    assert (entry.waiting, said(entry.wish)) == (True, means)
    assert (entry.name_text.upper(), entry.motif) == ("DUPONT MARIE", "Détartrage")
    assert not entry.comment
    assert not entry.findings


@pytest.mark.parametrize("line", ["liste d'attente le matin", "Sur liste d'attente, le matin", "LA le matin"])
def test_p44_a_wish_behind_the_list_without_its_colon_is_read(line: str) -> None:
    entry = typed(line)
    assert (entry.waiting, said(entry.wish), entry.comment) == (True, "le matin", "")


def test_p44_a_wish_that_is_not_understood_is_said() -> None:
    entry = typed("", "DUPONT Marie – détartrage – liste d'attente la semaine prochaine")
    assert (entry.waiting, entry.wish) == (True, ANY_TIME)
    assert [one.text for one in entry.findings] == ["Gardé comme commentaire : « la semaine prochaine »."]


@pytest.mark.parametrize(
    "title", ["DUPONT Marie – détartrage dans LA matinée", "salle d'attente le matin", "DUPONT Marie – a LA grippe"]
)
def test_p44_other_words_are_no_list(title: str) -> None:
    assert not typed("", title).waiting

"""What a patient of the waiting list reads in a message, long and short (P44)."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rules.model import Channel, Facts, MessageKind, Practice, Send
from rules.telling import offer_words
from rules.telling.spoken_names import Style
from tests.office import PARIS

NOW = datetime(2026, 11, 24, 9, tzinfo=PARIS)
SLOT = Facts(1, "DUPONT Marie", "martin", datetime(2026, 12, 1, 10, tzinfo=PARIS), 30, "Détartrage", "12 rue des Lilas")
HELD = replace(SLOT, start=datetime(2027, 12, 1, 10, tzinfo=PARIS))


def still(before: Facts | None) -> Send:
    return Send(MessageKind.STILL, Channel.SMS, "+33612345678", SLOT, before)


def test_p44_who_has_no_appointment_is_not_asked_whether_it_is_to_be_sooner(lilas: Practice) -> None:
    style = Style(today=NOW.date())
    assert offer_words.sms_said(still(None), lilas, style) == "souhaitez-vous toujours un RDV avec le Dr Martin ?"
    assert "avancer votre RDV" in offer_words.sms_said(still(HELD), lilas, style)
    assert offer_words.subject(still(None), lilas) == "Attendez-vous toujours un rendez-vous ?"
    assert "plus tôt" not in " ".join(offer_words.paragraphs(still(None), lilas))
    assert "plus tôt" in " ".join(offer_words.paragraphs(still(HELD), lilas))


def test_p44_a_letter_says_the_day_in_words_and_what_stays(lilas: Practice) -> None:
    offer = Send(MessageKind.OFFER, Channel.EMAIL, "m@example.org", SLOT, HELD, until=NOW + timedelta(minutes=30))
    assert offer_words.paragraphs(offer, lilas)[1:] == (
        "Pour répondre, ouvrez le lien avant 9 h 30 le mardi 24 novembre.",
        "Si vous ne le prenez pas, votre rendez-vous du mercredi 1er décembre 2027 à 10 h reste réservé.",
    )
    said = offer_words.sms_said(offer, lilas, Style(today=NOW.date()))
    assert said.endswith("Sinon, le vôtre reste le mer. 01/12/2027 à 10h.")


NAMES = st.sampled_from(["DUPONT Marie", "LE GALL-MARTIN Anne-Sophie", "D'ALMEIDA José", "NGUYEN Linh : fille"])


@given(NAMES, st.sampled_from(["", "mardi 15 décembre à 10 h"]), st.text(min_size=1).filter(str.strip))
def test_p44_l1_what_is_added_to_the_text_of_an_offers_event_is_seen(name: str, held: str, more: str) -> None:
    ours = offer_words.shown_text(name, "Dr Claire Martin", held, "mardi 24 novembre à 14 h 10")
    assert offer_words.is_untouched(ours)
    assert offer_words.is_untouched(ours.replace("\n", "\r\n"))
    assert not offer_words.is_untouched(f"{ours} vu {more}")
    assert not offer_words.is_untouched(f"vu avec elle\n{ours}")


@given(st.lists(st.tuples(NAMES, st.sampled_from(["+33612345678", ""])), min_size=1))
def test_p44_l1_what_is_added_to_a_list_of_whom_to_call_is_seen(people: list[tuple[str, str]]) -> None:
    ours = offer_words.call_text(people, "trop proche pour des messages")
    assert offer_words.is_untouched(ours)
    first, rest = ours.split("\n", 1)
    assert not offer_words.is_untouched(f"{first} – pas de réponse\n{rest}")

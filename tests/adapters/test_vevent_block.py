"""The block at text level: what web clients and hurried hands make of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.calendars.ical import block
from rules.model import Annotation, alike

REF = "k3f9abcdefgh2345".replace("9", "7")
LINES = ("Contrôle, 30 min", "✗ Mobile manquant : écrivez « 06 12 34 56 78 »")
OURS = block.join("", LINES, REF)

texts = st.text(st.sampled_from("aé \n\r<>&;br/─réf.in\xa0"), max_size=60)


@given(texts, st.lists(st.text("aé ✗:<&", max_size=20).map(str.strip), max_size=4).map(tuple))
def test_what_was_joined_splits_again(hers, lines):
    assert block.split(block.join(hers, lines, REF)) == (hers, lines, REF)


@given(texts)
def test_a_text_without_our_block_stays_as_it_is(hers):
    assert block.split(hers) == (hers, None, "")


@pytest.mark.parametrize(
    "html",
    [
        OURS.replace("\n", "<br>"),
        OURS.replace("\n", "<br/>\n"),
        "".join(f"<p>{line.replace(' ', '&nbsp;')}</p>" for line in OURS.split("\n")),
        "".join(f"<div><span>{line.replace('é', '&eacute;')}</span></div>" for line in OURS.split("\n")),
        OURS.replace("\n", "\r\n"),
        "\n".join(f"   {line}  " for line in OURS.split("\n")),
    ],
)
def test_d09_the_block_is_recognised_in_every_dress(html):
    hers, lines, ref = block.split(f"née le 3/4/1980<br>{html}")
    assert hers.startswith("née le 3/4/1980") and "attitre" not in hers
    assert alike(Annotation("", lines), Annotation("", LINES))
    assert ref == REF


def test_what_she_types_behind_the_block_is_hers():
    assert block.split(f"née\n{OURS}\nAnnulé")[0] == "née\nAnnulé"


@pytest.mark.parametrize(("gap", "hers"), [("\n", "née\nAnnulé"), ("<br>", "née<br>Annulé")])
def test_what_she_types_at_the_very_end_of_the_block_is_hers_on_a_line_of_its_own(gap, hers):
    text = f"née\n{OURS}Annulé".replace("\n", gap)
    assert block.split(text)[:2] == (hers, LINES)


def test_what_she_types_inside_the_block_is_not():
    hers, lines, _ = block.split(f"née\n{OURS}".replace("Contrôle", "Annulé\nContrôle"))
    assert hers == "née"
    assert lines[0] == "Annulé"


def test_a_block_that_stands_twice_is_ours_twice():
    hers, lines, _ = block.split(f"née\n{OURS}\n{OURS}\nAnnulé")
    assert hers == "née\nAnnulé"
    assert not alike(Annotation("", lines), Annotation("", LINES))


def test_a_block_without_its_end_reaches_to_its_reference():
    cut = f"née\n{OURS}".removesuffix(f"\n{block.END}")
    assert block.split(f"{cut}\nAnnulé")[0] == "née\nAnnulé"


def test_a_start_alone_eats_nothing_of_hers():
    text = f"née\n{block.START}\nAnnulé, ne vient pas"
    assert block.split(text) == (text, None, "")
    assert block.split(block.join(text, LINES, REF)) == (text, LINES, REF)


def test_marks_come_off_a_title_however_they_were_typed():
    assert block.unmark("⚠ DUPONT Marie") == ("⚠ ", "DUPONT Marie")
    assert block.unmark("✓\xa0DUPONT") == ("✓ ", "DUPONT")
    assert block.unmark("⚠\ufe0f DUPONT") == ("⚠ ", "DUPONT")
    assert block.unmark("DUPONT ⚠ ") == ("", "DUPONT ⚠ ")
    assert block.bare("⚠ ⚠ DUPONT") == "DUPONT"

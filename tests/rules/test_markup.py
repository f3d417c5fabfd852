"""What web clients make of a description, as the lines that she saw."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.text.html_text import plain_text


def test_googles_markup_becomes_lines() -> None:
    html = (
        "Mobile&nbsp;: 06&nbsp;12 34 56 78<br>"
        'E-mail : <a href="mailto:marie@orange.fr">marie@orange.fr</a><br><b>D&eacute;tartrage</b>'
    )
    assert plain_text(html) == "Mobile : 06 12 34 56 78\nE-mail : marie@orange.fr\nDétartrage"


def test_outlooks_document_becomes_lines() -> None:
    head = "<html><head><style>p {color: red}</style></head>"
    html = f"{head}<body><p>Nom :\nDUPONT</p>\n<p>Motif : douleur</p></body></html>"
    assert plain_text(html) == "Nom : DUPONT\n\nMotif : douleur"


def test_an_address_hidden_behind_a_word_is_shown() -> None:
    assert (
        plain_text('<p>E-mail : <a href="mailto:marie@orange.fr">lui écrire</a></p>')
        == "E-mail : lui écrire marie@orange.fr"
    )


@pytest.mark.parametrize("seen", ["marie@</a>orange.fr", "marie</a>@orange.fr"])
def test_an_address_corrected_beside_its_link_counts_as_it_is_seen(seen: str) -> None:
    assert plain_text(f'E-mail : <a href="mailto:marie@ornage.fr">{seen}<br>ok') == "E-mail : marie@orange.fr\nok"


def test_plain_text_stays_as_it_is() -> None:
    typed = "Mobile : 06 12\n\n  attend < 10 min & > 5\n<marie@orange.fr>"
    assert plain_text(typed) == typed


@given(st.text())
def test_any_text_comes_back_as_text(text: str) -> None:
    assert isinstance(plain_text(f"<br>{text}"), str)

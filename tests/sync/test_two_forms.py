"""An entry typed in Thunderbird or Outlook, where her text stands in two forms, is answered in both (hard case C11)."""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from adapters.calendars.ical.contentlines import unfold
from tests.office import COMPLETE, MORNING, ics

if TYPE_CHECKING:
    from tests.sync.conftest import Office

MINUTE = timedelta(seconds=61)
LACKING = COMPLETE.replace("marie@example.org", "marie@gmial.com")


def saves(office: "Office", text: str, *, html: str | None = None, title: str = "DUPONT Marie – détartrage") -> None:
    """She presses save in Thunderbird: both forms are made anew."""
    html = text.replace("\n", "<br>") if html is None else html
    body = ics("e0", title, (MORNING + timedelta(days=7)).replace(hour=10), 30, text)
    head = f'DESCRIPTION;ALTREP="data:text/html,{quote(html)}":'
    office.calendars["martin"].put("e0.ics", body.replace(b"DESCRIPTION:", head.encode()))


def stands(office: "Office") -> tuple[str, str, str]:
    """Title, text and HTML as they stand in the event."""
    lines = unfold(office.calendars["martin"]._held["e0.ics"].payload).split("\n")
    title = next(line for line in lines if line.startswith("SUMMARY"))
    html, _, text = next(line for line in lines if line.startswith("DESCRIPTION")).partition('":')
    return title.partition(":")[2], text.replace("\\n", "\n"), unquote(html.partition(",")[2])


def test_c11_typed_answered_corrected_confirmed_moved_deleted(office: "Office") -> None:
    saves(office, LACKING)
    office.passes()
    title, text, html = stands(office)
    assert title.startswith("⚠ ")
    assert "marie@gmial.com" in text.split("── attitre ──")[1]
    assert "vouliez-vous dire « marie@gmail.com »" in html.replace("\xa0", " ").split("<br>── attitre ──<br>")[1]

    link = '<a href="mailto:marie@gmial.com">marie@</a>gmail.com'  # she corrects behind the @: the link stays
    hers, _, ours = html.partition("<br>──")
    right = text.replace("marie@gmial.com", "marie@gmail.com", 1)
    saves(office, right, html=hers.replace("marie@gmial.com", link) + "<br>──" + ours, title=title)
    office.passes(later=MINUTE)
    title, text, html = stands(office)
    assert title.startswith("✓ ")
    assert "✗" not in text + html
    assert "SMS" in text
    assert "SMS" in html
    assert [one.to for one in office.email.sent] == ["marie@gmail.com"]
    assert html.split("<br>── attitre")[0] == hers.replace("marie@gmial.com", link)

    writes = office.calendars["martin"].writes
    for _ in range(5):
        office.passes(later=MINUTE)
    assert office.calendars["martin"].writes == writes
    office.calendars["martin"].delete("e0.ics")
    office.passes(later=MINUTE)
    office.passes(later=MINUTE)
    assert office.told("cancellation") == ["sent"]


def test_c11_where_the_forms_contradict_each_other_she_is_asked_and_answers(office: "Office") -> None:
    saves(office, COMPLETE, html=LACKING.replace("\n", "<br>"))
    office.passes()
    title, text, html = stands(office)
    assert title.startswith("⚠ ")
    for form in (text, html):
        assert "✗ Le texte existe en deux versions" in form.replace("\xa0", " ")
        assert "pas lu : « E-mail : marie@gmial.com »" in form.replace("\xa0", " ")
    assert office.sms.sent == []
    saves(office, f"{COMPLETE}\nTexte confirmé", html=LACKING.replace("\n", "<br>"))
    office.passes(later=MINUTE)
    assert stands(office)[0].startswith("✓ ")


def test_c11_corrected_in_evolution_which_leaves_the_html_as_it_was_she_is_confirmed(office: "Office") -> None:
    saves(office, LACKING)
    office.passes()
    title, text, html = stands(office)
    saves(office, text.replace("marie@gmial.com", "marie@gmail.com", 1).replace("\\", ""), html=html, title=title)
    for _ in range(3):
        office.passes(later=MINUTE)
        title, text, html = stands(office)
        assert title.startswith("✓ ")
        assert "✗" not in text + html
    assert [one.to for one in office.email.sent] == ["marie@gmail.com"]


def test_c11_a_foreign_form_is_left_alone_and_she_is_answered_all_the_same(office: "Office") -> None:
    body = ics("e0", "DUPONT Marie – détartrage", (MORNING + timedelta(days=7)).replace(hour=10), 30, LACKING)
    foreign = b'DESCRIPTION;ALTREP="https://example.org/note":'
    office.calendars["martin"].put("e0.ics", body.replace(b"DESCRIPTION:", foreign))
    office.passes()
    title, text, _ = stands(office)
    assert title.startswith("⚠ ")
    assert "vouliez-vous dire" in text
    assert foreign in office.calendars["martin"]._held["e0.ics"].payload

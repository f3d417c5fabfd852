"""`status`, `/healthz` and exit codes say what is so: no calendar is up to date for a clock that stepped back."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from adapters.base import Denied, Garbled, NoAccess, Refused, TryLater, Uncertain
from adapters.calendars.dav.account import DavAccess
from adapters.calendars.dav.calendar import DavCalendar
from adapters.calendars.memory import MemoryCalendar
from rules.model import Channel
from sync.cli.commands import status, sync
from sync.core.context import Source
from sync.store import backlog, calendars, messages, resources, troubles
from sync.worker import health
from sync.worker.daily_digest import todays
from sync.worker.one_pass import PassReport
from tests.oddserver import odd_server
from tests.office import COMPLETE, PARIS, PRACTICE, Office, ics, make_office

SETTINGS: Any = SimpleNamespace(
    sync=SimpleNamespace(every_seconds=60), messages=SimpleNamespace(sms=object(), email=object()), page=None
)
MINUTE = timedelta(minutes=1)
FORBIDDEN = Refused("Le serveur refuse l'écriture dans cet agenda (403).", whole=True)


def shown(office: Office) -> dict[str, Any]:
    """What `status` says of Dr Martin's calendar."""
    with office.world.store.read() as tx:
        row = calendars.get(tx, "memory:martin")
        assert row is not None
        return status._calendar(office.world, tx, row, SETTINGS, office.now)


def wrong(office: Office) -> list[str]:
    with office.world.store.read() as tx:
        return health.wrong(tx)


def martin(office: Office) -> calendars.CalendarRow:
    with office.world.store.read() as tx:
        row = calendars.get(tx, "memory:martin")
    assert row is not None
    return row


def test_a_success_in_the_future_is_stale(office: Office) -> None:
    row = martin(office)
    assert health.state(office.world, row, SETTINGS) == "ok"
    ahead = replace(row, last_success=office.now + timedelta(hours=17))
    assert health.state(office.world, ahead, SETTINGS) == "stale"
    assert "horloge" in health.late(office.world, ahead, SETTINGS)


@pytest.mark.parametrize(("trouble", "code"), [("unreachable", 3), ("denied", 3), ("rival", 1), (None, 0)])
def test_sync_ends_with_3_for_what_could_not_be_reached_only(office: Office, trouble: str | None, code: int) -> None:
    with office.world.store.write() as tx:
        calendars.change(tx, "memory:martin", trouble=trouble, reason="…")
    report = PassReport(unreachable=("memory:martin",) if trouble else ())
    assert sync._reached(office.world, report) == code


def test_what_attitre_fails_at_is_said(office: Office) -> None:
    with office.world.store.write() as tx:
        for _ in range(2):
            troubles.note(tx, troubles.STEP, "digest", "KeyError", office.now)
        troubles.note(tx, troubles.STEP, "sweep", "KeyError", office.now)  # once may be an accident
        troubles.note(tx, troubles.EVENT, "memory:martin\na.ics", "KeyError", office.now)
    with office.world.store.read() as tx:
        said = health.troubles_said(tx)
    assert sorted(said, reverse=True) == [
        "attitre n'arrive pas à envoyer le récapitulatif (KeyError, 2 fois de suite).",
        "1 événement n'a pas pu être vérifié, par une erreur d'attitre.",
    ]


def without(*ways: str) -> Any:
    left = {name: None if name in ways else object() for name in ("sms", "email")}
    return SimpleNamespace(messages=SimpleNamespace(**left))


def test_a_way_that_is_not_configured_is_said() -> None:
    assert health.remarks(SETTINGS) == []
    assert health.remarks(without("sms", "email")) == [health.NO_WAY]
    assert "Aucun SMS n'est configuré" in health.remarks(without("sms"))[0]
    assert "ni alerte ni récapitulatif" in health.remarks(without("email"))[0]


@pytest.mark.parametrize("way", list(Channel))
def test_what_no_way_leads_out_for_is_closed_and_does_not_flood_out_later(office: Office, way: Channel) -> None:
    sender = office.world.senders[way]
    del office.world.senders[way]  # type: ignore[attr-defined]
    office.she_books("visite")
    office.passes(later=MINUTE)
    with office.world.store.read() as tx:
        assert [(row.channel, row.reason) for row in messages.with_state(tx, "dropped", zone=PARIS)] == [
            (way, f"aucun {'SMS' if way is Channel.SMS else 'e-mail'} n'est configuré")
        ]
        assert messages.counts(tx)["pending"] == 0
    office.world.senders[way] = sender  # type: ignore[index]
    with office.world.store.write() as tx:
        backlog.put(tx, office.now)
    for _ in range(3):
        office.passes(later=MINUTE)
    gone = [one for one in [*office.sms.sent, *office.email.sent] if one.to != PRACTICE.email]
    assert len(gone) == 1  # by the way that there was
    office.she_books("visite", hour=15)
    for _ in range(2):
        office.passes(later=MINUTE)
    gone = [one for one in [*office.sms.sent, *office.email.sent] if one.to != PRACTICE.email]
    assert len(gone) == 3


def test_a_calendar_that_refuses_every_write_is_said_and_its_patients_are_told(office: Office) -> None:
    office.calendars["martin"].fail_next(FORBIDDEN, times=9)
    office.she_books("visite")
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"]
    assert status._word(shown(office)) == "à regarder"
    assert "Chaque écriture y est refusée" in shown(office)["reason"]
    assert "(403)" in shown(office)["reason"]
    assert len(wrong(office)) == 1
    office.passes(later=MINUTE)
    assert [one for one in office.to_practice() if "écriture refusée" in one] == [
        "attitre : agenda « Dr Claire Martin » : écriture refusée"
    ]


def test_one_write_that_is_taken_ends_the_refusal_and_all_that_was_refused_is_written(office: Office) -> None:
    office.calendars["martin"].fail_next(FORBIDDEN, times=1)
    office.she_books("visite")
    office.passes(later=MINUTE)
    assert office.block("visite") == ""
    office.she_books("autre", day=9, text=COMPLETE.replace("06 12 34", "06 99 99").replace("1981", "1972"))
    for _ in range(2):
        office.passes(later=MINUTE)
    assert wrong(office) == []
    assert status._word(shown(office)) == "à jour"
    assert office.block("visite").startswith("✓")


def test_a_refused_event_is_written_to_again_in_the_night(office: Office) -> None:
    office.calendars["martin"].fail_next(FORBIDDEN, times=1)
    office.she_books("visite")
    office.passes(later=MINUTE)
    office.passes(later=timedelta(days=1))
    office.passes(later=MINUTE)
    assert wrong(office) == []
    assert office.block("visite").startswith("✓")


def test_an_event_that_cannot_be_written_to_is_not_its_calendars_trouble(office: Office) -> None:
    office.calendars["martin"].fail_next(Refused("Cet événement ne peut pas être complété sans risque."))
    office.she_books("visite")
    office.passes(later=MINUTE)
    assert wrong(office) == []


def test_a_calendar_that_is_read_only_says_so_from_its_first_reading(tmp_path: Path) -> None:
    calendar = MemoryCalendar("memory:martin", PARIS, b"s" * 32, read_only=True)
    office = make_office(tmp_path, sources=[Source(calendar, "martin")])
    office.passes()
    assert (status._word(shown(office)), wrong(office)) == ("lecture seule", [])
    assert "les retours partent au récapitulatif" in shown(office)["reason"]
    office.she_books("visite")
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["sent"]
    assert (office.to_practice(), wrong(office)) == ([], [])


def test_events_that_cannot_be_read_are_counted(office: Office) -> None:
    office.calendars["martin"].put("leer.ics", b"")
    office.passes(later=MINUTE)
    assert shown(office)["remarks"] == [
        "1 événement ne peut pas être lu comme il faut : « attitre digest » dit lequel."
    ]
    assert status._word(shown(office)) == "à regarder"
    office.calendars["martin"].delete("leer.ics")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert shown(office)["remarks"] == []


FAR = b"""BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:far\r\nDTSTART:99991231T100000Z\r\nSUMMARY:LEROY Jean\r
END:VEVENT\r\nEND:VCALENDAR\r\n"""


@pytest.mark.parametrize(
    ("body", "named"), [(FAR, "« LEROY Jean » ne peut"), (b"", "un événement sans titre lisible ne peut")]
)
def test_the_digest_says_which_event_cannot_be_read(office: Office, body: bytes, named: str) -> None:
    office.calendars["martin"].put("odd.ics", body)
    office.passes(later=MINUTE)
    letter = todays(office.world)
    assert letter is not None
    assert f"Dr Claire Martin : {named} pas être lu comme il faut." in repr(letter.sections)
    assert all("LEROY" not in subject for subject in office.to_practice())


def test_events_whose_body_is_not_handed_out_are_said_and_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.she_books("visite")
    for _ in range(2):
        office.passes(later=MINUTE)
    with office.world.store.write() as tx:
        resources.change(tx, "memory:martin", "visite.ics", owed=True, version=None)

    def nonsense(_: str) -> Any:
        raise Garbled("…")

    with monkeypatch.context() as for_now:
        for_now.setattr(office.calendars["martin"], "get", nonsense)
        for _ in range(4):
            office.passes(later=MINUTE)
        assert "contenu n'est pas remis" in shown(office)["remarks"][0]
        assert [one for one in office.to_practice() if "pas remis" in one] == [
            "attitre : agenda « Dr Claire Martin » : des événements ne sont pas remis"
        ]
    for _ in range(2):
        office.passes(later=MINUTE)
    assert shown(office)["remarks"] == []


def test_a_gateway_that_takes_nothing_is_said_and_told(office: Office) -> None:
    office.sms.faults.extend([(TryLater("Le service ne répond pas."), False)] * 99)
    office.she_books("visite")
    office.passes(later=MINUTE)
    assert wrong(office) == []  # once may be an accident
    office.passes(later=MINUTE)
    assert wrong(office) == ["SMS : 1 message est refusé à chaque essai par le service d'envoi, et réessayé."]
    office.passes()
    assert "attitre : des SMS attendent" in office.to_practice()


def test_a_gateway_that_asks_for_days_is_said_until_it_takes_a_message(office: Office) -> None:
    office.sms.faults.append((TryLater("Le service demande d'attendre (429).", 1e9), False))
    office.she_books("visite")
    office.passes(later=MINUTE)
    assert wrong(office) == [
        "Les SMS attendent : leur service d'envoi demande d'attendre plus d'un jour. Appelez-le, ou changez-en."
    ]
    office.she_books("autre", day=9, text=COMPLETE.replace("06 12 34", "06 99 99").replace("1981", "1972"))
    office.passes(later=MINUTE)
    assert wrong(office) == []


def test_a_gateway_that_refuses_our_key_is_said_until_it_takes_a_message(office: Office) -> None:
    office.sms.faults.append((NoAccess("La passerelle SMS refuse l'accès (401)."), False))
    office.she_books("visite")
    office.passes(later=MINUTE)
    assert office.told("confirmation") == ["failed"]
    assert any(
        line.startswith("Les SMS ne partent plus : leur service d'envoi refuse l'ident") for line in wrong(office)
    )
    office.she_books("autre", day=9, text=COMPLETE.replace("06 12 34", "06 99 99").replace("1981", "1972"))
    office.passes(later=MINUTE)
    assert not any("ne partent plus" in line for line in wrong(office))


def test_a_gateway_that_is_down_from_friday_evening_to_monday_loses_no_message(office: Office) -> None:
    office.sms.faults.extend([(TryLater("La passerelle SMS est injoignable."), False)] * 400)
    office.she_books("visite")
    for _ in range(62):
        office.passes(later=timedelta(hours=1))
    assert office.told("confirmation") == ["pending"]
    office.sms.faults.clear()
    office.passes(later=timedelta(hours=1))
    assert [one.to for one in office.sms.sent] == ["+33612345678"]


def test_what_no_gateway_takes_for_days_is_said_not_to_be_delivered(office: Office) -> None:
    office.sms.faults.extend([(TryLater("La passerelle SMS est injoignable."), False)] * 900)
    office.she_books("visite")
    for _ in range(73):
        office.passes(later=timedelta(hours=1))
    assert office.told("confirmation") == ["failed"]


def test_lost_answers_are_not_called_refusals(office: Office) -> None:
    office.sms.faults.extend([(Uncertain("La réponse s'est perdue."), True)] * 99)
    office.she_books("visite")
    for _ in range(3):
        office.passes(later=MINUTE)
    assert wrong(office) == [
        "SMS : la réponse du service d'envoi se perd à chaque essai, pour 1 message peut-être parti, et réessayé."
    ]


def test_what_a_gateway_refuses_to_everybody_leaves_once_that_is_put_right(office: Office) -> None:
    office.sms.faults.extend([(Denied("Le service refuse l'identifiant ou le mot de passe."), False)] * 2)
    office.she_books("visite")
    for _ in range(2):
        office.passes(later=MINUTE)
    assert wrong(office) == ["SMS : 1 message est refusé à chaque essai par le service d'envoi, et réessayé."]
    office.passes()
    assert "attitre : des SMS attendent" in office.to_practice()
    for _ in range(2):
        office.passes(later=timedelta(hours=1))
    assert [one.to for one in office.sms.sent] == ["+33612345678"]
    assert wrong(office) == []


def test_a_calendar_that_takes_no_writes_is_not_said_to_be_up_to_date() -> None:
    mangles = "Rien n'y est écrit."
    assert status._word({"state": "ok", "read_only": mangles, "remarks": [mangles]}) == "lecture seule"
    assert status._word({"state": "ok", "read_only": None, "remarks": []}) == "à jour"


def test_a_real_server_that_refuses_every_write_is_said_everywhere(tmp_path: Path) -> None:
    """403 to each PUT, over HTTP, as a calendar that is shared for reading only gives it."""
    with odd_server("refuses-writes") as odd:
        url = odd.make("martin")
        access = DavAccess(url)
        source = Source(DavCalendar(access, url, zone=PARIS, secret=b"s" * 32), "martin")
        office = make_office(tmp_path, sources=[source])
        office.passes()
        start = (office.now + timedelta(days=7)).replace(hour=10)
        body = ics("visite", "DUPONT Marie – détartrage", start, 30, COMPLETE)
        odd.put(odd.collections["martin"], "visite.ics", body, "", "")
        for _ in range(3):
            office.passes(later=MINUTE)
        with office.world.store.read() as tx:
            row = calendars.get(tx, source.address)
            assert row is not None
            said = status._calendar(office.world, tx, row, SETTINGS, office.now)
        letter = todays(office.world)
        access.http.session.close()
    assert office.told("confirmation") == ["sent"]
    assert (status._word(said), said["state"]) == ("à regarder", "ok")
    assert "Chaque écriture y est refusée" in said["reason"]
    assert len(wrong(office)) == 1
    assert [one for one in office.to_practice() if "écriture refusée" in one]
    assert letter is not None
    assert "Ce qui ne marche pas" in [one.title for one in letter.sections]
    assert len([one for one in odd.asked if one.verb == "PUT"]) <= 3, "it is not tried at every pass"

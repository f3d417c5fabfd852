"""A backup put back, a new store: no key is used twice, and the patient's calendar keeps one entry an appointment."""

import re
from datetime import timedelta
from pathlib import Path

from adapters.senders.invite import name_of
from sync.pull.foreign_writer import adopt
from sync.store import generation, keyvalue
from sync.worker.one_pass import one_pass
from tests.backups import backed_up, put_back
from tests.office import COMPLETE, MORNING, Office, ics, make_office


def keys(office: Office) -> list[str]:
    return [message.key for message in (*office.sms.sent, *office.email.sent)]


def file_of(office: Office, last: int = -1) -> tuple[str, int]:
    """UID and SEQUENCE of the file in the last e-mail to a patient."""
    mails = [one for one in office.email.sent if one.attachments]
    text = mails[last].attachments[0].content.decode().replace("\r\n ", "")
    found = re.search(r"^UID:(\S+)", text, re.M), re.search(r"^SEQUENCE:(\d+)", text, re.M)
    assert found[0]
    assert found[1]
    return found[0][1], int(found[1][1])


def test_after_a_backup_was_put_back_no_key_is_used_a_second_time(office: Office, tmp_path: Path) -> None:
    office.she_books("a", day=6)
    office.passes()
    backup = backed_up(office, tmp_path)
    office.she_books("b", day=7, text=COMPLETE.replace("56 78", "56 79"))
    office.passes(later=timedelta(minutes=5))
    put_back(office, backup)
    office.calendars["martin"].delete("b.ics")  # so that its number is another's next
    office.turned += timedelta(minutes=5)
    one_pass(office.world, restored=True)
    other = COMPLETE.replace("12/05/1981", "03/02/1975").replace("06 12 34 56 78", "06 23 45 67 89")
    start = (MORNING + timedelta(days=8)).replace(hour=11)
    office.calendars["martin"].put("c.ics", ics("c", "MOREAU Luc – détartrage", start, 30, other))
    office.passes(later=timedelta(minutes=5))
    office.passes(later=timedelta(minutes=5))
    assert [message.to for message in office.sms.sent].count("+33623456789") == 1
    assert len(set(keys(office))) == len(keys(office))


def test_two_stores_of_one_practice_tell_under_names_of_their_own(tmp_path: Path) -> None:
    both = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        office = make_office(tmp_path / name)
        office.passes()
        office.she_books("a")
        office.passes()
        both.append(office)
    assert set(keys(both[0])).isdisjoint(keys(both[1]))


def test_adopting_a_calendar_begins_a_generation(office: Office) -> None:
    address = office.world.sources[0].address
    with office.world.store.write() as tx:
        before = generation.current(tx, office.now)
    with office.world.store.write() as tx:
        keyvalue.put(tx, f"rival:{address}", "abcdefghijklmnop")
        adopt(tx, address, office.now)
    with office.world.store.read() as tx:
        after = generation.known(tx)
    assert after is not None
    assert after.mark != before.mark
    assert after.since > before.since


def test_p36_the_patients_file_follows_the_event_into_a_new_store(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    office = make_office(tmp_path / "one")
    office.passes()
    office.she_books("a")
    office.passes()
    first = file_of(office)
    assert first[0] == name_of("lilas", "a", "")
    (tmp_path / "two").mkdir()
    other = make_office(tmp_path / "two")
    other.turned = timedelta(days=1)
    other.she_books("a")
    other.passes()  # a first pass: its patient knows
    other.she_books("a", hour=15)
    other.passes(later=timedelta(minutes=1))
    name, sequence = file_of(other)
    assert name == first[0]
    assert sequence > first[1]


def test_p36_the_sequence_grows_from_message_to_message(office: Office) -> None:
    office.she_books("a")
    office.passes()
    first = file_of(office)
    office.she_books("a", hour=15)
    office.passes(later=timedelta(minutes=1))
    assert file_of(office)[0] == first[0]
    assert file_of(office)[1] > first[1]


def test_a_client_that_gives_every_edit_a_new_uid_updates_the_same_entry(office: Office) -> None:
    office.she_books("a")
    office.passes()
    first = file_of(office)
    office.calendars["martin"].delete("a.ics")
    office.she_books("b", hour=15)
    office.passes(later=timedelta(minutes=1))
    office.passes(later=timedelta(minutes=2))
    assert file_of(office)[0] == first[0]


def test_a_reminder_that_went_before_the_generation_changed_does_not_go_again(office: Office) -> None:
    office.she_books("a", day=3)
    office.passes()
    office.passes(later=timedelta(days=2, hours=2))
    assert office.told("reminder") == ["sent"]
    with office.world.store.write() as tx:
        generation.renew(tx, office.now)
    office.passes(later=timedelta(minutes=10))
    assert office.told("reminder") == ["sent"]

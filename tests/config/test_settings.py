"""What the models make of the text."""

import json
from datetime import time

import pytest
from pydantic_core import PydanticCustomError

from config.practice import practice_of
from config.scalars import MIDNIGHT_NEXT, flag, spans, weekdays
from rules.model import Severity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8:30-12:30", [(8, 30, 12, 30)]),
        ("8h30-12h30", [(8, 30, 12, 30)]),
        ("08:30 – 12:30, 14:00-19:00", [(8, 30, 12, 30), (14, 0, 19, 0)]),
        ("14:00-19:00 08:30-12:30", [(8, 30, 12, 30), (14, 0, 19, 0)]),
        (["08:30-12:30", "14:00-19:00"], [(8, 30, 12, 30), (14, 0, 19, 0)]),
        ("fermé", []),
        ("", []),
    ],
)
def test_hours_are_read_as_practices_write_them(text, expected):
    assert spans(text) == tuple((time(a, b), time(c, d)) for a, b, c, d in expected)


@pytest.mark.parametrize("text", ["8h-20h", "8h–20h", "8-12", "matin", "08:30", "08:30-", "24:00-24:00", "08:60-09:00"])
def test_p1_unclear_hours_are_refused(text):
    with pytest.raises(PydanticCustomError):
        spans(text)


def test_a_day_may_end_at_midnight():
    assert spans("00:00-24:00") == ((time(0, 0), MIDNIGHT_NEXT),)


def test_days_are_single_or_a_range():
    assert weekdays("sat") == (5,)
    assert weekdays("mon-fri") == (0, 1, 2, 3, 4)


def test_one_days_own_line_counts_more_than_a_range(read, small):
    found = read(small.replace("{mon-fri:", '{wed: fermé, thu: "09:00-10:00", mon-fri:'))
    hours = found.settings.dentists["martin"].hours
    assert list(hours) == [0, 1, 2, 3, 4]
    assert (hours[2], hours[3]) == ((), ((time(9), time(10)),))


@pytest.mark.parametrize("word", ["yes", "true", "oui", "on", "Oui"])
def test_yes_is_written_in_two_languages(word):
    assert flag(word) is True


@pytest.mark.parametrize("word", ["no", "false", "non", "off", "NON"])
def test_no_is_written_in_two_languages(word):
    assert flag(word) is False


def test_codes_and_numbers_keep_their_zeros(read, small):
    """`holidays: 06` and a phone without spaces stay what the administrator wrote."""
    found = read(small.replace("practice: {", "practice: {holidays: 06, ").replace("01 43 00 00 00", "0143000000"))
    assert (found.settings.practice.holidays, found.settings.practice.phone) == ("06", "0143000000")


@pytest.mark.parametrize("number", ["3639", "15", "+32 2 555 12 12", "01.43.00.00.00", "0262 20 20 20"])
def test_p1_short_foreign_and_overseas_numbers_are_readable(read, small, number):
    assert read(small.replace("01 43 00 00 00", number)).settings.practice.phone == number


def test_defaults_are_those_of_the_interface(read, small):
    settings = read(small).settings
    messages, feedback = settings.messages, settings.feedback
    assert (settings.practice.key, str(settings.practice.time_zone)) == ("cabinet", "Europe/Paris")
    assert (messages.reminder_hours, messages.settle_seconds, messages.settle_change_seconds) == (24, 90, 180)
    assert (messages.on_uncertain.sms, messages.on_uncertain.email) == ("hold", "retry")
    assert (feedback.title_mark, feedback.quiet_seconds, feedback.existing) == (True, 15, "report")
    assert (settings.sync.every_seconds, settings.sync.brake_events, settings.sync.brake_percent) == (60, 5, 10)
    assert (messages.most_per_hour, messages.most_per_pass, settings.sync.brake_new) == (6, 60, 20)
    assert settings.blocks == ["Congés", "Formation", "Réunion", "Déjeuner"]
    assert (settings.page, settings.waiting_list) == (None, None)


SMS = [
    "{kind: http, url: https://sms.example, form: {to: '{to}', body: {x: ['{text}']}}, headers: {X-Key: !env SMS}}",
    "{kind: apprise, url: !env SMS, sender: LILAS}",
    "{kind: ovh, service_name: sms-1, application_key: a, application_secret: b, consumer_key: c}",
]


@pytest.mark.parametrize("sms", SMS, ids=["http", "apprise", "ovh"])
def test_each_kind_of_gateway_is_read(read, small, sms):
    found = read(small.replace('{kind: http, url: http://127.0.0.1/sms, json: {to: "{to}", text: "{text}"}}', sms),
                 {"SMS": "s3cret"})  # fmt: skip
    assert found.settings.messages.sms.kind in sms


def test_each_kind_of_calendar_is_read(read, small):
    calendars = (
        "[{kind: caldav, url: https://dav.example/, calendar: martin, token: !env T, auth: bearer, read_only: oui},"
        " {kind: google, calendar_id: a@b.fr, credentials: !env G, endpoint: 'http://127.0.0.1:1/calendar/v3/'},"
        " {kind: ics, url: webcal://feeds.example/private-x/a.ics}]"
    )
    found = read(small.replace("[{kind: caldav, url: https://dav.example/martin/}]", calendars), {"T": "t", "G": "{}"})
    dav, google, ics = found.settings.dentists["martin"].calendars
    assert (dav.token.get_secret_value(), dav.read_only, dav.auth) == ("t", True, "bearer")
    assert (json.loads(google.credentials.get_secret_value()), google.endpoint) == (
        {},
        "http://127.0.0.1:1/calendar/v3/",
    )
    assert ics.url.get_secret_value() == "https://feeds.example/private-x/a.ics"


def test_the_rules_get_the_practice_as_configured(read, full):
    practice = practice_of(read(full).settings)
    assert (practice.key, practice.holidays, str(practice.zone)) == ("lilas", "75", "Europe/Paris")
    assert [dentist.key for dentist in practice.dentists] == ["martin", "bernard"]
    assert practice.dentist("martin").hours[3] == ((time(9, 0), time(13, 0)),)
    assert practice.motif("Détartrage").length(True) == 45
    assert practice.policy.severities == {"email-missing": Severity.WARNING}
    assert practice.policy.morning_until == time(12, 0)
    assert practice.support[0].phone_note == "choix 2"
    assert len(practice.policy.mandatory) == 6


def test_p34_what_is_mandatory_reaches_the_rules(read, small):
    practice = practice_of(read(small + "mandatory: [name, motif]\nfeedback: {existing: write}\n").settings)
    assert practice.policy.mandatory == {"name", "motif"}
    assert practice.policy.write_existing


def test_a_google_calendar_is_named_by_its_own_address(said, small):
    """`primary` is another calendar for every account: two dentists would be one."""
    primary = "[{kind: google, calendar_id: primary, credentials: !env GOOGLE_CREDENTIALS}]"
    (line,) = said(small.replace("[{kind: caldav, url: https://dav.example/martin/}]", primary))
    assert "« primary » n'est pas un identifiant" in line


def test_an_applications_file_is_no_login_at_google(said, small):
    google = "[{kind: google, calendar_id: a@b.fr, credentials: !env G}]"
    text = small.replace("[{kind: caldav, url: https://dav.example/martin/}]", google)
    (line,) = said(text, {"G": '{"installed": {"client_id": "x", "client_secret": "s3cret"}}'})
    assert "celui d'une application" in line
    assert "s3cret" not in line

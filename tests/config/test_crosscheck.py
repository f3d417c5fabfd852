"""What several places of the file say together."""

import pytest

from rules.findings import RULES
from rules.model import Severity

SECOND = """\
  bernard:
    name: Dr Paul Bernard
    specialty: Orthodontiste
    calendars: [{kind: caldav, url: https://dav.example/martin}]
    hours: {mon: "08:30-12:30"}
"""


def with_second(small: str, second: str = SECOND) -> str:
    return small.replace("motifs:\n", second + "motifs:\n")


def test_p2_a_calendar_of_two_dentists_needs_tags(said, small):
    assert said(with_second(small)) == [
        "11:17: dentists.bernard.calendars[0]: cet agenda est déjà celui de « dentists.martin » (ligne 6)."
        " Donnez à chacun un « tag: » différent, ou un autre agenda."
    ]


def test_p2_dentists_share_a_calendar_by_their_tags(read, small):
    text = with_second(small).replace("/martin/}", "/martin/, tag: M}").replace("/martin}", "/martin, tag: B}")
    found = read(text)
    assert not found.problems
    assert [found.settings.dentists[key].calendars[0].tag for key in ("martin", "bernard")] == ["M", "B"]
    assert "déjà" in str(read(text.replace("tag: B", "tag: m")).problems[0])


def test_p2_two_calendars_of_one_server_are_two(said, small):
    text = with_second(small).replace("/martin/}", "/, calendar: martin}").replace("/martin}", "/, calendar: bernard}")
    assert said(text) == []


def test_the_waiting_list_is_no_dentists_calendar(said, small):
    text = small + "waiting_list: {calendar: {kind: caldav, url: https://dav.example/martin/}}\n"
    assert any("waiting_list.calendar: cet agenda est déjà" in line for line in said(text))


def test_p6_an_abbreviation_stands_for_something_known(said, small):
    [line] = said(small + "abbreviations: {ctl: Controlle, nvp: nouveau patient}\n")
    assert line.endswith(
        "abbreviations.ctl: « Controlle » n'est ni un motif, ni une phrase connue. Vouliez-vous dire « Contrôle » ?"
    )


def test_p6_a_word_means_one_motif(said, small):
    text = small.replace("20}\n", "20}\n  - {label: Bilan, also: [visite, CONTROLE], minutes: 30}\n")
    assert said(text) == [
        "10:35: motifs[1].also[1]: « CONTROLE » désigne déjà un motif (ligne 9). Gardez ce mot pour un seul motif."
    ]


def test_two_dentists_of_one_name_are_told_apart(said, small):
    text = with_second(small).replace("/martin}", "/bernard}").replace("Dr Paul Bernard", "DR CLAIRE MARTIN")
    assert said(text) == ["9:11: dentists.bernard.name: « DR CLAIRE MARTIN » est déjà le nom de « martin »."
                          " Ajoutez le prénom."]  # fmt: skip


def test_p9_missing_hours_are_said_and_do_not_block(read, small):
    found = read(small.replace('    hours: {mon-fri: "08:30-12:30"}\n', ""))
    assert [(p.path, p.severity) for p in found.problems] == [("dentists.martin.hours", Severity.WARNING)]
    assert "horaires non déclarés" in found.problems[0].text
    assert found.settings.dentists["martin"].hours is None


def test_p23_cannot_be_relaxed(read, small):
    for severity in ("warning", "info", "off", "OFF"):
        assert read(small + f"rules: {{dentist-other: {severity}}}\n").settings is None
    assert read(small + "rules: {dentist-other: error}\n").settings


def test_p34_a_relaxed_field_is_said_and_does_not_block(read, small):
    found = read(small + "mandatory: [name, motif]\n")
    assert found.settings.mandatory == ["name", "motif"]
    assert [p.severity for p in found.problems] == [Severity.WARNING]


def test_a_practice_that_sends_nothing_is_told_so(said, small):
    lines = said(small.partition("messages:")[0])
    assert [line.partition(": ")[2].partition(" :")[0] for line in lines] == [
        "messages.email: aucun e-mail n'est configuré", "messages.sms: aucun SMS n'est configuré",
    ]  # fmt: skip


def test_offers_need_a_page(said, small):
    text = small + "waiting_list: {calendar: {kind: caldav, url: https://dav.example/attente/}}\n"
    assert any("sans « page.public_url: », personne ne peut accepter" in line for line in said(text))


def test_offers_are_shown_in_a_calendar_that_there_is(said, small):
    text = small + "waiting_list: {show_offers_in: list}\n"
    assert any("waiting_list.show_offers_in: la liste d'attente n'a pas d'agenda" in line for line in said(text))
    own = small + "waiting_list: {show_offers_in: list, calendar: {kind: caldav, url: https://dav.example/attente/}}\n"
    assert not any("show_offers_in" in line for line in said(own))
    for yes in ("oui", "true", "yes"):
        never = own.replace("attente/}", f"attente/, read_only: {yes}}}")
        assert any(
            "show_offers_in: l'agenda de la liste d'attente est en lecture seule" in line for line in said(never)
        )
    assert not any("show_offers_in" in line for line in said(own.replace("attente/}", "attente/, read_only: non}")))


def test_of_a_feed_nobody_can_be_on_the_list(said, small):
    text = small + "waiting_list: {calendar: {kind: ics, url: https://dav.example/attente.ics}}\n"
    assert any("waiting_list.calendar.kind: un flux « ics » ne dit que le temps occupé" in line for line in said(text))


@pytest.mark.parametrize("many", ["99999999999", "9" * 30])
@pytest.mark.parametrize(
    "line", ["retention: {messages_days: %s}", "page: {move_from_hours: %s}", "sync: {every_seconds: %s}"]
)
def test_a_number_beyond_any_calendar_is_a_slip(said, small, line, many):
    assert any("au plus" in one for one in said(small + line % many + "\n"))


def test_a_type_error_hides_no_claim(said, small):
    lines = said(
        with_second(small).replace("url: https://dav.example/martin}", "url: https://dav.example/martin, tga: x}")
    )
    assert {line.split(": ")[1] for line in lines} == {
        "dentists.bernard.calendars[0]", "dentists.bernard.calendars[0].tga",
    }  # fmt: skip


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_p34_a_rule_that_is_off_is_said_as_a_line_of_the_procedure_nobody_checks(read, small, rule):
    """S1: never silently; a fixed rule cannot be relaxed at all (P23)."""
    found = read(small + f"rules: {{{rule.id}: off}}\n")
    said = [problem for problem in found.problems if problem.path == f"rules.{rule.id}"]
    if rule.fixed:
        assert [problem.severity for problem in said] == [Severity.ERROR]
        assert "cette règle ne peut pas être assouplie" in said[0].text
        assert found.settings is None
    else:
        assert [problem.severity for problem in said] == [Severity.WARNING]
        assert said[0].text == f"ligne de procédure désactivée : « {rule.procedure} »."
        assert (said[0].line, found.settings is not None) == (small.count("\n") + 1, True)


def test_an_unknown_rule_names_the_nearest(said, small):
    assert any("mobile-invalid" in line for line in said(small + "rules: {mobile-invalide: off}\n"))

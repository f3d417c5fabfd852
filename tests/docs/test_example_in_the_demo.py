"""The README's entry, typed into the demo's own calendar once its story is told, shows the same two slips."""

from datetime import date, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from adapters.patients import read_csv
from config.load import load_all
from config.practice import practice_of
from demo import sample
from docs.tables import ROOT
from rules.checks.assess import Context, assess
from rules.entry.reading import read
from rules.model import CalendarEvent, Patient, Practice, Severity
from rules.patients.clues import clues
from rules.text.fold import words
from tests.docs.test_docs import fenced

TODAY = date(2026, 11, 20)
MARIE = Patient("Dupont", "Marie", id=1, birth_date=date(1981, 5, 12), mobile="+33612345678", dentist="martin")


def the_demo(folder: Path) -> Practice:
    text = sample.configuration(
        {"martin": "http://127.0.0.1:1/m/", "petit": "http://127.0.0.1:1/p/"}, google="http://127.0.0.1:1/", user="u",
        smtp="smtp://127.0.0.1:1", sms="http://127.0.0.1:1/sms", pages=("127.0.0.1:1", "http://127.0.0.1:1"),
    )  # fmt: skip
    for name, content in (("attitre.yaml", text), ("password", "p"), ("google.json", "{}")):
        (folder / name).write_text(content, encoding="utf-8")
    [loaded] = load_all([folder / "attitre.yaml"], {})
    assert loaded.settings, loaded.problems
    return practice_of(loaded.settings)


def test_the_entry_of_the_readme_shows_two_slips_in_the_demo_too(tmp_path: Path) -> None:
    practice = the_demo(tmp_path)
    title, _, text = fenced("README.md", "text")[0].partition("\n")
    tuesday = sample.days(TODAY).tuesday
    now, start = datetime(2026, 11, 20, 9, tzinfo=sample.ZONE), sample.at(tuesday, 10)
    event = CalendarEvent("readme", start, start + timedelta(minutes=45), title, text.strip())
    entry = read(event, practice, now)
    names = {one.key: one.name for one in practice.dentists}
    file = [row.patient for row in read_csv(sample.patients().encode(), names, TODAY).rows]
    known = (MARIE, *(replace(one, id=number) for number, one in enumerate(file, 2)))
    asked = clues(entry)
    pointed = tuple(one for one in known if {*asked.names} & {*words(one.name)} or one.birth_date in asked.birth_dates)
    found = assess(event, entry, practice, Context(dentist="martin", now=now, candidates=pointed, nearest=known[:3]))
    told = [one.rule for one in found.findings if one.severity in {Severity.ERROR, Severity.WARNING}]
    assert sorted(told) == ["email-slip", "mobile-invalid"]


def test_nobody_of_the_demo_bears_the_name_of_the_readmes_patient() -> None:
    title = fenced("README.md", "text")[0].partition(" –")[0]
    told = (ROOT / "demo/scenes.py").read_text(encoding="utf-8") + sample.patients()
    assert not {*words(title)} & {*words(told)}

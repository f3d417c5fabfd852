"""Keeps the tables of README and docs true: `python -m docs.tables` rewrites what stands between their markers.

<!-- begin: settings -->  every key of the YAML, from the configuration's models
<!-- begin: rules -->     every rule with its sentence, from `rules.findings`
<!-- begin: words -->     abbreviations and meanings that come with the program, from `rules/entry/vocabulary.toml`
<!-- begin: troubles -->  each trouble and what is said of it, as `python -m tests.troubles` last found it
<!-- begin: laws -->      each law of docs/design.md in short, with the files of the tests that it names there
<!-- begin: procedure --> the points P1 to P51: their words stay, the column of proof comes from the tests that passed
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from adapters.calendars.ical.block import join
from adapters.calendars.ical.resource import identity
from config import example_text
from config.base import Model
from config.load import load
from config.practice import practice_of
from config.schema import schema
from rules.checks.assess import Context, assess
from rules.entry import vocabulary
from rules.entry.reading import read
from rules.findings import RULES
from rules.model import Annotation, CalendarEvent
from rules.telling.event_block import feedback

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "docs/administration.md", "docs/proofs.md")
PROVED = ROOT / "docs/procedure.json"
TROUBLES = ROOT / "docs/troubles.json"
_FIRST = (
    "init",
    "check",
    "audit",
    "sync",
    "run",
    "status",
    "agenda",
    "explain",
    "outbox",
    "release",
    "hold",
    "patients",
)
_COMMON = ("config", "practice", "json", "verbose", "debug")

_MARKED = re.compile(r"(<!-- begin: (\w+) -->\n)(.*?)(<!-- end: \2 -->)", re.DOTALL)
_POINT = re.compile(r"^\| (P\d+) \| (.*?) \|[^|]*\|$", re.MULTILINE)
_LAW = re.compile(r"^\| (L\d+) \| (\*\*.+?\*\* .+?)(?:\. .*|\.?) \| (.+) \|$", re.MULTILINE)
_TEXTS = re.compile(r"```text\n(.*?)(?=```)", re.DOTALL)


def renewed(page: str) -> str:
    """The page with every marked table as it should be."""
    return _MARKED.sub(lambda found: found[1] + _TABLES[found[2]](found[3]) + found[4], page)


# --- settings --------------------------------------------------------------------------------------------------------


def settings_table(_: str = "") -> str:
    """One table for each section of the YAML, in the order of the models."""
    places: dict[str, list[str]] = defaultdict(list)
    for place, name in _sections("Settings", ""):
        places[name].append(place)
    return "\n".join(_section(_MODELS[name], found) for name, found in places.items())


def _sections(name: str, place: str) -> Iterator[tuple[str, str]]:
    """(place in the YAML, model) of this section and of those below it."""
    yield place, name
    for key, node in _NODES[name]["properties"].items():
        for below, model in _below(node, f"{place}.{key}".lstrip(".")):
            yield from _sections(model, below)


def _below(node: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    if "$ref" in node:
        yield place, node["$ref"].rpartition("/")[2]
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        yield from _below(choice, place)
    if isinstance(node.get("items"), dict):
        yield from _below(node["items"], f"{place}[]")
    for values in (node.get("additionalProperties"), *node.get("patternProperties", {}).values()):
        if isinstance(values, dict):
            yield from _below(values, f"{place}.CLÉ")


def _section(model: type[Model], places: list[str]) -> str:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    nodes = _NODES[model.__name__]["properties"]
    kind = nodes.get("kind", {}).get("const")
    where = ", ".join(f"`{place}`" for place in places if place) or "Tout en haut du fichier"
    title = f"#### {where} (`kind: {kind}`)" if kind else f"#### {where}"
    rows = (f"| `{key}` | {_meaning(field, nodes[key])} | {_default(field)} |" for key, field in fields.items())
    return "\n".join((title, "", "| clé | sens | défaut |", "|---|---|---|", *rows, ""))


def _meaning(field: FieldInfo, node: Mapping[str, Any]) -> str:
    choices = node.get("enum") or (node.get("items") or {}).get("enum") or ()
    return _cell(f"{field.description} Choix : {', '.join(choices)}." if choices else str(field.description))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "obligatoire"
    value = field.get_default(call_default_factory=True)
    if value is None or value == {} or isinstance(value, Model):
        return "–"
    return _cell(f"`{_written(value)}`") if value != [] else "–"


def _written(value: Any) -> str:
    """A default as the YAML says it."""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, time):
        return f'"{value:%H:%M}"'
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return f"[{', '.join(value)}]" if isinstance(value, list) else str(value)


# --- the example -----------------------------------------------------------------------------------------------------


def example(present: str) -> str:
    """The entry of the first block stays; the second block becomes what she reads in its place."""
    entry, before = list(_TEXTS.finditer(present))[:2]
    title, _, text = entry[1].partition("\n")
    shown = read_back(title, text.strip())
    block = join("", shown.lines, identity(b"README", "", "", ""))
    return f"{present[: before.start(1)]}{shown.mark}{title}\n\n{block}\n{present[before.end(1) :]}"


def read_back(title: str, text: str) -> Annotation:
    """Our part of a new event in Dr Martin's calendar, in the practice of the shipped example, with every rule at
    its default."""
    names = dict.fromkeys(re.findall(r"!env (\w+)", example_text()), "{}")
    settings, _ = load([ROOT / "config/examples/full.yaml"], names)
    assert settings
    practice = practice_of(settings.model_copy(update={"rules": {}}))
    now, start = (datetime(2026, 11, day, 9, 30, tzinfo=practice.zone) for day in (20, 24))
    event = CalendarEvent("example", start, start + timedelta(minutes=45), title, text)
    context = Context(dentist="martin", now=now)
    return feedback(assess(event, read(event, practice, now), practice, context), event, practice, (), now)


# --- commands --------------------------------------------------------------------------------------------------------


def commands_table(_: str = "") -> str:
    """One paragraph for each command: what it does, its own options, an example."""
    from typer.main import get_command

    from sync.cli import app

    known = dict(commands(get_command(app), "attitre"))
    first = [name for word in _FIRST for name in known if name.split()[1] == word]
    return "\n".join(_command(name, known[name]) for name in dict.fromkeys((*first, *sorted(known))))


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(name as typed, command) of everything that can be run."""
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word in below:
        yield from commands(below[word], f"{name} {word}")


def _command(name: str, command: Any) -> str:
    said, *examples = re.split(r"Exemples? : | ; (?=attitre )", str(command.help))
    own = [one for one in command.params if one.name not in _COMMON and not getattr(one, "hidden", False)]
    options = (f"- `{_typed(one)}` : {one.help or ''}" for one in own)
    lines = (f"#### `{name}`", "", said.strip(), "", *options, *([""] if own else []))
    return "\n".join((*lines, "```sh", *(map(str.strip, examples) if examples else [name]), "```", ""))


def _typed(parameter: Any) -> str:
    argument = parameter.param_type_name == "argument"
    return str(parameter.name).upper() if argument else ", ".join(parameter.opts)


# --- rules -----------------------------------------------------------------------------------------------------------


def rules_table(_: str = "") -> str:
    """Every rule: id, point, severity, what she reads, the procedure's own line."""
    titles = "| règle | point | gravité | ce qui se lit dans l'événement | ce que dit la procédure |"
    head = f"{titles}\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| `{rule.id}` | {rule.point} | {rule.severity}{', fixe' if rule.fixed else ''} "
        f"| {_cell(rule.sentence)} | {_cell(rule.procedure)} |\n"
        for rule in RULES.values()
    )


# --- words -----------------------------------------------------------------------------------------------------------


def words_table(_: str = "") -> str:
    """What is understood without being configured: the statements and the motifs' meanings, with their usual words."""
    known = vocabulary.usual()
    said: dict[str, list[str]] = defaultdict(list)
    for phrase, statement in known.statements.items():
        said[statement].append(phrase)
    head = "| sens | mots compris, sans accents |\n|---|---|\n"
    rows = [(_STATED[statement], sorted(phrases)) for statement, phrases in said.items() if statement in _STATED]
    rows += [(f"motif « {name} »", list(meaning.words)) for name, meaning in known.meanings.items()]
    return head + "".join(f"| {meaning} | {', '.join(phrases)} |\n" for meaning, phrases in rows)


_STATED = {
    "new": "nouveau patient", "known": "déjà venu", "not_known": "jamais venu", "first": "première consultation",
    "follow_up": "suivi", "preference": "sans préférence", "waiting": "liste d'attente",
    "no_booking": "pas un rendez-vous",
}  # fmt: skip


# --- laws ------------------------------------------------------------------------------------------------------------


def laws_table(_: str = "") -> str:
    """One row a law. The design names its tests by their functions alone; here each has its file."""
    where = {
        name: file.relative_to(ROOT)
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in re.findall(r"^ *def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    rows = _LAW.findall((ROOT / "docs/design.md").read_text(encoding="utf-8"))
    return "| law | in short | proved by |\n|---|---|---|\n" + "".join(
        f"| {law} | {short} | {', '.join(_proof_of(one, where) for one in re.findall(r'`([^`]+)`', proofs))} |\n"
        for law, short, proofs in rows
    )


def _proof_of(named: str, where: Mapping[str, Path]) -> str:
    return f"`{named}`" if named.startswith("tests/") else f"`{where[named]}::{named}`"


# --- the procedure ---------------------------------------------------------------------------------------------------


def procedure_table(present: str) -> str:
    """The rows as they are, with a tick where a flow that passed proves the point and a dot where only parts of it are
    proved. What passed is in docs/procedure.json, which `make procedure` writes."""
    passed = json.loads(PROVED.read_text(encoding="utf-8"))
    return _POINT.sub(lambda row: f"| {row[1]} | {row[2]} | {_sign(passed.get(row[1]))} |", present)


def troubles_table(_: str = "") -> str:
    """One row a trouble: status, its exit code, healthz, the alert, the digest's section."""
    head = "| panne | `attitre status` | code | `/healthz` | alerte | récapitulatif |\n|---|---|---|---|---|---|\n"
    columns = ("trouble", "status", "code", "healthz", "alert", "digest")
    rows = json.loads(TROUBLES.read_text(encoding="utf-8"))
    return head + "".join(f"| {' | '.join(_cell(str(row[name])) or '–' for name in columns)} |\n" for row in rows)


def _sign(proof: Mapping[str, Any] | None) -> str:
    return "" if proof is None else "✓" if proof["end_to_end"] else "·"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


_SCHEMA = schema()
_NODES: Mapping[str, Any] = {**_SCHEMA["$defs"], "Settings": _SCHEMA}
_MODELS: Mapping[str, type[Model]] = {model.__name__: model for model in Model.__subclasses__()}
_TABLES: Mapping[str, Callable[[str], str]] = {
    "example": example,
    "commands": commands_table,
    "settings": settings_table,
    "rules": rules_table,
    "words": words_table,
    "laws": laws_table,
    "procedure": procedure_table,
    "troubles": troubles_table,
}


def main() -> None:
    """Rewrite the pages that are not true any more, and say which."""
    for name in PAGES:
        page = ROOT / name
        before = page.read_text(encoding="utf-8")
        if (after := renewed(before)) != before:
            page.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{name} renewed\n")


if __name__ == "__main__":
    main()

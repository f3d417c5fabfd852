"""Reads the configuration: one file, several, or a folder with a file for each practice. Never raises for bad input."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from pydantic import SecretStr

from config.calendars import CalDavSettings, GoogleSettings, IcsSettings
from config.crosscheck import crosscheck
from config.environment import override
from config.problems import Problem, Where, blocking, dotted
from config.roster import AnyCalendar, place_at, place_of
from config.settings import Settings
from config.validation import validate
from config.yamlfile import START, Document, Spot, read
from rules.model import Severity

DEFAULT = Path("attitre.yaml")
ENDINGS = (".yaml", ".yml")
_NOT_OURS = (".", "~", "#")  # a name's first sign: hidden files, and those that editors put beside the real one
_SQLITE = "sqlite:///"
KEY = ("practice", "key")
Thing = tuple[str, ...]


class Claim(Struct, frozen=True):
    """A thing that the file wants for its practice alone, and where it says so."""

    thing: Thing
    where: Where
    spot: Spot


class Loaded(Struct, frozen=True):
    """One file as loaded. `settings`: None if `problems` has an error. `problems`: in the file's order. `key`: the
    practice's, as far as it can be read; else the file's name without its ending."""

    file: Path
    settings: Settings | None
    problems: tuple[Problem, ...]
    key: str = ""
    claims: tuple[Claim, ...] = ()


def load(paths: Sequence[Path], environ: Mapping[str, str]) -> tuple[Settings | None, tuple[Problem, ...]]:
    """(the settings of one practice, all problems). Several practices are a problem here."""
    loaded = load_all(paths, environ)
    problems = tuple(problem for one in loaded for problem in one.problems)
    if len(loaded) > 1:
        extra = loaded[1].file
        text = "plusieurs cabinets sont configurés, un seul est attendu ici."
        problems += (_at_start(extra, text, "Choisissez son fichier avec « -c FICHIER »."),)
        return None, problems
    return loaded[0].settings, problems


def load_all(paths: Sequence[Path], environ: Mapping[str, str]) -> list[Loaded]:
    """All practices of these files and folders (each `*.yaml` of a folder). At least one item: a missing file is a
    problem. What two practices cannot both have is a problem of the second."""
    return apart(load_file(file, environ) for file in files_of(paths))


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The practices' files, those of a folder in the order of their names; a folder without any stands for itself."""
    return list(dict.fromkeys(file for path in paths or [DEFAULT] for file in _inside(path)))


def _inside(path: Path) -> Iterator[Path]:
    yield from (listed(path) if is_folder(path) else None) or [path]


def is_folder(path: Path) -> bool:
    """Whether it is a folder, as far as can be seen now: its disk may not answer, which `is_dir` raises."""
    try:
        return path.is_dir()
    except OSError:
        return False


def listed(folder: Path) -> list[Path] | None:
    """The practices' files in it, in the order of their names; None where it cannot be listed."""
    try:
        return sorted(file for file in folder.iterdir() if _ours(file))
    except OSError:
        return None


def _ours(file: Path) -> bool:
    return file.suffix.lower() in ENDINGS and not file.name.startswith(_NOT_OURS)


def load_file(file: Path, environ: Mapping[str, str]) -> Loaded:
    """One file for itself, without a look at the others."""
    if is_folder(file):
        return Loaded(file, None, (_of_folder(file),))
    document = read(file, environ)
    if () in document.faulty:  # the file as a whole is unreadable, so there is nothing to check
        return _finished(document, None)
    override(document, environ)
    settings = validate(document)
    crosscheck(document)
    return _finished(document, _placed(settings, file) if settings else None)


def _of_folder(folder: Path) -> Problem:
    if listed(folder) is None:
        return _at_start(folder, "ce dossier ne peut pas être lu.", "Vérifiez ses droits, et que son disque est là.")
    hint = f"Créez-en un avec « attitre init -o {folder}/attitre.yaml »."
    return _at_start(folder, "aucun fichier .yaml dans ce dossier.", hint)


def _placed(settings: Settings, file: Path) -> Settings:
    """The settings with a relative SQLite path resolved from the folder of the YAML, not from the current folder."""
    name = settings.store.get_secret_value().removeprefix(_SQLITE)
    whole = settings.store.get_secret_value().startswith(_SQLITE)
    if not whole or not name or name.startswith(("/", ":memory:", "file:")):
        return settings
    return settings.model_copy(update={"store": SecretStr(f"{_SQLITE}{(file.parent / name).resolve()}")})


def _finished(document: Document, settings: Settings | None) -> Loaded:
    problems = tuple(sorted(document.problems, key=lambda problem: (problem.line, problem.column)))
    if settings is None or blocking(problems):
        return Loaded(document.file, None, problems, _written_key(document))
    claims = tuple(claims_of(document, settings))
    return Loaded(document.file, settings, problems, settings.practice.key, claims)


def _written_key(document: Document) -> str:
    """The practice's key as the file says it, where its configuration cannot be used."""
    practice = document.data.get("practice")
    key = practice.get("key") if isinstance(practice, dict) else None
    return key if isinstance(key, str) and key and not document.secret(KEY) else document.file.stem


def _at_start(file: Path, text: str, hint: str) -> Problem:
    return Problem(str(file), *START, "(fichier)", Severity.ERROR, text, hint)


# --- what one practice of a process has alone: its key, and each calendar that it watches ---------------------------


def claims_of(document: Document, settings: Settings) -> Iterator[Claim]:
    """The practice's key and calendars. A feed is nobody's alone: nothing is written to it, and nobody told of it."""
    yield Claim(("key", settings.practice.key), KEY, document.key_spot(KEY))
    for where, thing in _watched(settings):
        yield Claim(thing, where, document.value_spot(where))


def calendars_of(settings: Settings) -> list[Thing]:
    """The calendars that the practice has alone."""
    return [thing for _, thing in _watched(settings)]


def _watched(settings: Settings) -> Iterator[tuple[Where, Thing]]:
    for where, calendar in _calendars(settings):
        if not isinstance(calendar, IcsSettings):
            yield where, _thing(calendar)


def _calendars(settings: Settings) -> Iterator[tuple[Where, AnyCalendar]]:
    for key, dentist in settings.dentists.items():
        for number, calendar in enumerate(dentist.calendars):
            yield ("dentists", key, "calendars", number), calendar
    if settings.waiting_list and settings.waiting_list.calendar:
        yield ("waiting_list", "calendar"), settings.waiting_list.calendar


def _thing(calendar: AnyCalendar) -> Thing:
    """The calendar, whoever looks at it; where its name means something in one account only, with that account."""
    kind, url, *name = place_of(calendar)
    if isinstance(calendar, GoogleSettings):
        return kind, url.casefold()
    account = (calendar.username or "",) if isinstance(calendar, CalDavSettings) and calendar.calendar else ()
    return (kind, *place_at(url), *name, *account)


def apart(files: Iterable[Loaded], held: Mapping[Thing, Path] | None = None) -> list[Loaded]:
    """The files in their order; one that claims what an earlier sound one has gets a problem for each such thing.
    `held`: which file had what until now; it keeps that as long as it is there and does not say otherwise."""
    found = list(files)
    there = {one.file: one for one in found}
    owners = {thing: there[file] for thing, file in _kept(there, held or {})}
    return [_beside(one, owners) for one in found]


def rivals(files: Sequence[Loaded]) -> list[Loaded]:
    """Those whose practices claim a calendar that another practice claims too, and those of one key."""
    wanted = _wanted_by_several(files) | _keys_of_several(files)
    return [one for one in files if any(claim.thing in wanted for claim in one.claims)]


def certain(files: Sequence[Loaded], held: Mapping[Thing, Path]) -> list[Loaded]:
    """The files, those suspended that claim a calendar, or a key on a server, of which nobody knows who works with it:
    of two practices that work with it at once each would tell every patient."""
    known = dict(_kept({one.file: one for one in files}, held))
    wanted = (_wanted_by_several(files) | _keys_of_several(filter(_on_a_server, files))) - known.keys()
    return [_suspended(one, [_undecided(one, claim) for claim in one.claims if claim.thing in wanted]) for one in files]


def _wanted_by_several(files: Iterable[Loaded]) -> set[Thing]:
    keys = defaultdict[Thing, set[str]](set)
    for one in files:
        for claim in one.claims:
            keys[claim.thing].add(one.key)
    return {thing for thing, found in keys.items() if len(found) > 1}


def _keys_of_several(files: Iterable[Loaded]) -> set[Thing]:
    counts = Counter(claim.thing for one in files for claim in one.claims if claim.where == KEY)
    return {thing for thing, count in counts.items() if count > 1}


def _on_a_server(one: Loaded) -> bool:
    return one.settings is not None and one.settings.store.get_secret_value().startswith("postgresql")


def holders(files: Iterable[Loaded], held: Mapping[Thing, Path]) -> dict[Thing, Path]:
    """Which file has what from now on, where these are `apart`."""
    there = {one.file: one for one in files}
    working = {claim.thing: one.file for one in there.values() if one.settings is not None for claim in one.claims}
    return {**dict(_kept(there, held)), **working}


def _kept(there: Mapping[Path, Loaded], held: Mapping[Thing, Path]) -> Iterator[tuple[Thing, Path]]:
    """A file that cannot be read any more, and so claims nothing, keeps what it had until it is mended."""
    for thing, file in held.items():
        claims = there[file].claims if file in there else None
        if claims == () or (claims and any(claim.thing == thing for claim in claims)):
            yield thing, file


def _beside(one: Loaded, owners: dict[Thing, Loaded]) -> Loaded:
    if one.settings is None:
        return one
    others = [(claim, owners[claim.thing]) for claim in one.claims if owners.get(claim.thing, one) is not one]
    if others:
        return _suspended(one, [_problem(one, claim, owner) for claim, owner in others])
    owners.update((claim.thing, one) for claim in one.claims)
    return one


def _suspended(one: Loaded, more: Sequence[Problem]) -> Loaded:
    """The file with these problems too; as it is without any."""
    if not more:
        return one
    found = sorted({*one.problems, *more}, key=lambda problem: (problem.line, problem.column))
    return replace(one, settings=None, problems=tuple(found))


def _undecided(one: Loaded, claim: Claim) -> Problem:
    if claim.where == KEY:
        text = "plusieurs fichiers ont cette clé, et leur base ne répond pas pour dire avec lequel on travaille."
        hint = "Donnez à chaque cabinet sa « key: »."
    else:
        text = "plusieurs cabinets ont cet agenda, et leur base ne répond pas pour dire lequel y travaille."
        hint = "Un agenda n'a qu'un cabinet : retirez-le des autres."
    return Problem(str(one.file), *claim.spot, dotted(claim.where), Severity.ERROR, text, hint)


def _problem(one: Loaded, claim: Claim, owner: Loaded) -> Problem:
    if claim.where == KEY:
        text = f"« {owner.key} » est déjà la clé de {owner.file.name}."
        hint = "Donnez à chaque cabinet sa « key: »."
    else:
        text = f"cet agenda est déjà celui d'un autre cabinet ({owner.file.name})."
        hint = "Un agenda n'a qu'un cabinet : retirez-le de l'un des deux."
    return Problem(str(one.file), *claim.spot, dotted(claim.where), Severity.ERROR, text, hint)

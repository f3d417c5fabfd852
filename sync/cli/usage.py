"""What typer says in English, in French: help pages, and what is wrong with a command line."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

F = TypeVar("F", bound=Callable[..., Any])
_KEYWORD = inspect.Parameter.KEYWORD_ONLY

USAGE = 2
UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # its home moved with typer 0.26

ORDER = {
    "Mettre en place": ("init", "check", "patients", "audit"),
    "Faire tourner": ("run", "sync", "status", "outbox", "release", "hold", "rescue", "adopt", "links", "waiting"),
    "Regarder": ("agenda", "explain", "digest", "slots", "absences"),
    "S'aider": ("demo", "rules", "support"),
}
_PATIENTS = ("import", "search", "show", "merge", "erase", "export")
_PLACE = {name: place for place, name in enumerate([*(one for group in ORDER.values() for one in group), *_PATIENTS])}
_NOTES = (("[required]", "[obligatoire]"), ("; required]", " ; obligatoire]"), ("[default: ", "[par défaut : "))
_RANGE, _TYPE = re.compile(r"; (\d+)<=x<=(\d+)\]"), re.compile(r" <[^>]*>$")
_HELP = "Montrer cette aide."
_LONGEST = 300  # letters of a command's first sentence in a list


class Command(TyperCommand):
    """One command, with its help in French."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """`Usage : attitre agenda [OPTIONS]`."""
        _usage(self, ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options."""
        _options(self, ctx, formatter)


class Group(TyperGroup):
    """Several commands, in the order of ORDER; an unknown one is answered with the nearest."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order in which somebody needs them."""
        return sorted(self.commands, key=lambda name: _PLACE.get(name, len(_PLACE)))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command meant. Raises UsageError."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            from config.problems import nearest

            near = nearest(args[0], self.commands)
            meant = f" Vouliez-vous dire « {near} » ?" if near else ""
            raise UsageError(f"La commande « {args[0]} » n'existe pas.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """`Usage : attitre COMMANDE …`."""
        _usage(self, ctx, formatter)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The commands first, then the options."""
        self.format_commands(ctx, formatter)
        _options(self, ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Under the headings of ORDER; a smaller group has one of its own."""
        known = self.list_commands(ctx)
        headings = {what: [one for one in names if one in known] for what, names in ORDER.items()}
        told = {one for names in headings.values() for one in names}
        for heading, names in {**headings, "Commandes": [one for one in known if one not in told]}.items():
            if names:
                with formatter.section(f"{heading} "):
                    formatter.write_dl([(one, self.commands[one].get_short_help_str(_LONGEST)) for one in names])


@dataclass(frozen=True, slots=True)
class Beside:
    """An option that each command with the parameter `of` has too. The command's function is given, as `of`, what
    `joined` makes of both values."""

    of: str
    name: str
    annotation: Any
    joined: Callable[[Any, Any], Any]


class Commands(typer.Typer):
    """A typer application whose commands are ours."""

    def __init__(self, *, beside: Beside, **settings: Any) -> None:
        super().__init__(**settings)
        self._beside = beside

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """As typer's."""
        settings.setdefault("cls", Command)
        add = super().command(name, **settings)

        def added(function: F) -> F:
            add(_with(self._beside, function))
            return function

        return added


def _with(beside: Beside, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with one option more."""
    signature = inspect.signature(function, eval_str=True)
    if beside.of not in signature.parameters:
        return function

    @wraps(function)
    def told(**values: Any) -> Any:
        values[beside.of] = beside.joined(values[beside.of], values.pop(beside.name))
        return function(**values)

    parameters = []
    for one in signature.parameters.values():
        parameters.append(one.replace(kind=_KEYWORD))
        if one.name == beside.of:
            parameters.append(inspect.Parameter(beside.name, _KEYWORD, default=None, annotation=beside.annotation))
    told.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    told.__annotations__ = {one.name: one.annotation for one in parameters}
    return told


def _usage(command: Any, ctx: Any, formatter: Any) -> None:
    words = {"COMMAND [ARGS]...": "COMMANDE …"}
    pieces = [words.get(one, one) for one in command.collect_usage_pieces(ctx)]
    formatter.write_usage(ctx.command_path, " ".join(pieces), prefix="Usage : ")


def _options(command: Any, ctx: Any, formatter: Any) -> None:
    help_option = command.get_help_option(ctx)
    if help_option is not None:
        help_option.help = _HELP
    records = [(one.param_type_name, one.get_help_record(ctx)) for one in command.get_params(ctx)]
    for kind, heading in (("argument", "Arguments "), ("option", "Options ")):
        rows = [(_TYPE.sub("", name), _in_french(text)) for which, (name, text) in _present(records) if which == kind]
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)


def _present(records: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, tuple[str, str]]]:
    return ((kind, record) for kind, record in records if record is not None)


def _in_french(text: str) -> str:
    for said, meant in _NOTES:
        text = text.replace(said, meant)
    return _RANGE.sub(r" ; de \1 à \2]", text)


# --- what is wrong with a command line -------------------------------------------------------------------------------


def sentence(error: Any) -> str:
    """What is wrong, in French, and where the help is. A help page that was asked for by silence is itself."""
    name = type(error).__name__
    if name == "NoArgsIsHelpError":
        return str(error.message)
    said = _SENTENCES[name](error) if name in _SENTENCES else _other(error)
    path = error.ctx.command_path if getattr(error, "ctx", None) else "attitre"
    return f"{said}\nAide : {path} --help"


def _no_option(error: Any) -> str:
    near = sorted(error.possibilities or ())
    meant = f" Vouliez-vous dire « {near[0]} » ?" if near else ""
    return f"L'option « {error.option_name} » n'existe pas.{meant}"


def _missing(error: Any) -> str:
    what = "l'option " if error.param is not None and error.param.param_type_name == "option" else ""
    return f"Il manque {what}« {_hint(error)} »."


def _hint(error: Any) -> str:
    hint = error.param_hint or (error.param.get_error_hint() if error.param is not None else "")
    said = hint if isinstance(hint, str) else " / ".join(hint)
    return said.replace("'", "").strip("[]{}")


def _bad_value(error: Any) -> str:
    why = _why(error)
    return f"« {_hint(error)} » : {why}" if _hint(error) else f"{why[:1].upper()}{why[1:]}"


def _why(error: Any) -> str:
    """The reason: ours is French already; that of pydantic follows from its kind."""
    cause = error.__cause__
    kinds = [one["type"] for one in cause.errors()] if hasattr(cause, "errors") else []
    if any(kind.startswith(("int_", "float_")) for kind in kinds):
        return "un nombre entier est attendu."
    if any(kind in {"greater_than_equal", "less_than_equal"} for kind in kinds):
        return f"un nombre de {error.param.min} à {error.param.max} est attendu."
    if choices := re.findall(r"'([^']*)'", error.message.partition("not one of")[2]):
        return f"valeurs possibles : {', '.join(choices)}."
    return "cette valeur n'est pas possible." if kinds else _sentence_of(error.message)


def _sentence_of(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _option_usage(error: Any) -> str:
    takes = "ne prend pas de valeur" if "does not take" in error.message else "attend une valeur"
    return f"L'option « {error.option_name} » {takes}."


def _other(error: Any) -> str:
    if found := re.search(r"unexpected extra argument\S* \((.*)\)", error.message):
        return f"« {found[1]} » est de trop."
    return "Il manque la commande." if error.message.startswith("Missing command") else error.message


_SENTENCES = {
    "NoSuchOption": _no_option,
    "MissingParameter": _missing,
    "BadParameter": _bad_value,
    "BadOptionUsage": _option_usage,
}

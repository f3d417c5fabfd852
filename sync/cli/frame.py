"""The frame around every command: common options, exit codes, one French sentence instead of a stack trace.

Exit codes (docs/design.md#the-command): 0 fine · 1 something is wrong with what was asked · 2 usage · 3 an outside
service could not be reached · 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # typer loads pydantic: its plugin search costs 25 ms

import typer

from sync.cli.usage import USAGE, Beside, Commands, Group, UsageError, sentence

WRONG, UNREACHABLE, INTERRUPTED = 1, 3, 130
_CONFIG, _DEBUG, _PRACTICE = "attitre.config", "attitre.debug", "attitre.practice"


class Failure(Exception):
    """Ends a command with one French sentence and an exit code."""

    def __init__(self, text: str, code: int = WRONG) -> None:
        super().__init__(text)
        self.code = code


class Frame(Group):
    """Turns whatever a command raises into a sentence and an exit code; with --debug, also into a stack trace."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Read the words before the command's name."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except UsageError as error:
            _end_usage(error)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _end_usage(error)
        except Failure as failure:
            _end(ctx, str(failure), failure.code)
        except KeyboardInterrupt:
            _end(ctx, "Interrompu.", INTERRUPTED)
        except typer.Abort:  # Ctrl-C, or the end of the input, at a question
            _end(ctx, "Interrompu : rien n'est fait.", INTERRUPTED)
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  whoever read us has gone
            raise typer.Exit(0) from None
        except typer.Exit:
            raise
        except MemoryError:  # the last frame (`sync.main`) says so: it takes no memory to speak of
            raise
        except Exception as error:
            _unexpected(ctx, error)


def _end_usage(error: Exception) -> NoReturn:
    typer.echo(sentence(error), err=True)
    raise typer.Exit(USAGE) from None


def end_tidily() -> None:
    """SIGTERM ends the command as Ctrl-C does: with a sentence, and nothing half done."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _unexpected(ctx: Any, error: Exception) -> NoReturn:
    from adapters.base import OutsideError, TryLater
    from sync.store.engine import NotStored, StoreProblem

    if isinstance(error, StoreProblem | NotStored | OutsideError):
        _end(ctx, str(error), UNREACHABLE if isinstance(error, TryLater) else WRONG)
    _end(ctx, f"Une erreur inattendue s'est produite ({type(error).__name__}). Détails : relancez avec --debug.", WRONG)


def _end(ctx: Any, text: str, code: int) -> NoReturn:
    if ctx.meta.get(_DEBUG) and sys.exc_info()[0] is not Failure:
        import traceback

        traceback.print_exc()
    typer.echo(text, err=True)
    raise typer.Exit(code) from None


class Chosen(list[Path]):
    """The configuration of a command line; `practice`: the key of the only practice that it is about."""

    def __init__(self, paths: Iterable[Path] = (), practice: str | None = None) -> None:
        super().__init__(paths)
        self.practice = practice


def _keep_config(ctx: typer.Context, value: list[Path] | None) -> list[Path]:
    if value:
        ctx.meta[_CONFIG] = value
    given = os.environ.get("ATTITRE_CONFIG")
    found: list[Path] = ctx.meta.get(_CONFIG) or ([Path(given)] if given else [])
    return found


def _keep_practice(ctx: typer.Context, value: str | None) -> str | None:
    if value:
        ctx.meta[_PRACTICE] = value
    kept: str | None = ctx.meta.get(_PRACTICE)
    return kept


def _keep_debug(ctx: typer.Context, value: bool) -> bool:
    if value or os.environ.get("ATTITRE_DEBUG"):
        ctx.meta[_DEBUG] = True
    return value


def _keep_verbose(ctx: typer.Context, value: int) -> int:
    ctx.meta["attitre.verbose"] = max(value, ctx.meta.get("attitre.verbose", 0))
    return value


Configs = Annotated[
    list[Path] | None,
    typer.Option(
        "--config", "-c", callback=_keep_config, metavar="FICHIER|DOSSIER", show_default=False,
        help="Configuration, répétable. Par défaut attitre.yaml, ou $ATTITRE_CONFIG.",
    ),
]  # fmt: skip
Practice = Annotated[
    str | None,
    typer.Option(
        "--practice", callback=_keep_practice, metavar="CLÉ", show_default=False,
        help="Ce cabinet seulement, par sa clé, là où plusieurs sont configurés.",
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Écrire les données en JSON.")]
Verbose = Annotated[
    int,
    typer.Option("-v", "--verbose", count=True, callback=_keep_verbose, show_default=False, help="Journal détaillé."),
]
Debug = Annotated[bool, typer.Option("--debug", callback=_keep_debug, help="Montrer la trace d'une erreur.")]

BESIDE = Beside("config", "practice", Practice, lambda config, practice: Chosen(config or (), practice))
"""Every command that takes a configuration takes `--practice` too."""

app = Commands(
    beside=BESIDE,
    cls=Frame,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="attitre : une procédure de rendez-vous tenue dans les agendas du cabinet.",
)


@app.callback()
def _common(config: Configs = None, practice: Practice = None, verbose: Verbose = 0, debug: Debug = False) -> None:
    """attitre : une procédure de rendez-vous tenue dans les agendas du cabinet.

    Pour commencer : attitre init, puis attitre check --connect, puis attitre run.
    """


def start_log(verbose: int) -> None:
    """Logs go to standard error: warnings, with -v everything. They carry no personal data (law L8)."""
    from sync.core.log import log

    log.prepared_by(lambda: _configure_log(verbose), verbose=verbose > 0)


def _configure_log(verbose: int) -> None:
    import logging

    import structlog

    level = logging.INFO if verbose else logging.WARNING
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

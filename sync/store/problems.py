"""What can go wrong with the store, in two unrelated kinds (law L10).

StoreProblem              the whole store: a French sentence for a person; ends the pass
├── Locked                another `run` or `sync` holds the lease
├── Overtaken             another worker took the lease: nothing more may be written
│   └── Outdated          a newer version made the store its own: nor may anything else of this process be
└── Unusable              cannot be opened, is full, or was made by a newer attitre
    ├── Busy              its server answers: somebody locks these rows, or the question took too long
    └── Departed          its practice left this process: that says nothing of the store

NotStored                 the rows alone: ends one resource, booking or message
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoConnection


class StoreProblem(Exception):
    """`str()` is a French sentence for a person."""


class Locked(StoreProblem):
    """Another worker holds the lease. `shared`: it gives it back after its turn, in a moment."""

    def __init__(self, *, shared: bool = False) -> None:
        super().__init__(
            "Un autre attitre s'occupe de ce cabinet à l'instant : réessayez dans quelques secondes, ou laissez-le "
            "faire."
            if shared
            else "Un autre attitre travaille déjà sur cette base (« attitre run » ou « attitre sync »). "
            "Arrêtez-le d'abord, ou laissez-le faire."
        )


class Overtaken(StoreProblem):
    """Another worker took the lease while we were working; our transaction is rolled back."""

    def __init__(self) -> None:
        super().__init__(
            "Un autre attitre a repris ce cabinet pendant que la connexion à la base était coupée : rien de ce passage "
            "n'est enregistré, l'autre le refait."
        )


class Outdated(Overtaken):
    """A newer version migrated the store while we were working; our transaction is rolled back."""

    def __init__(self) -> None:
        StoreProblem.__init__(self, NEWER)


class Unusable(StoreProblem):
    """The store cannot be opened or written."""


class Busy(Unusable):
    """Somebody keeps the rows locked, or the question took too long. The server answers, so that its other practices
    are to be asked."""


class Departed(Unusable):
    """The practice left this process, and its store is opened no more here, however well it is."""

    def __init__(self) -> None:
        super().__init__("Ce cabinet n'est plus servi par ce processus.")


class NotStored(Exception):
    """The store refused these values or rows: a duplicate key, a number or text that is too large. The transaction is
    rolled back; others may go on. Not a StoreProblem, so that it ends only the item being stored. `str()` is a French
    sentence without the values."""


@contextmanager
def translated() -> Iterator[None]:
    """What the driver raises becomes Unusable, with a sentence, or Busy; so does a connection of ours that never came
    free."""
    try:
        yield
    except DBAPIError as error:
        raise (Busy if _sqlstate(error).startswith(_LOCKED) else Unusable)(sentence(error)) from error
    except NoConnection as error:
        raise Unusable(CROWDED) from error


def ends_more(error: Exception) -> bool:
    """Whether the error concerns the whole store and so ends the pass."""
    return isinstance(error, StoreProblem) or (isinstance(error, DBAPIError) and not about_rows(error))


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def takes_nothing(problem: StoreProblem | None) -> bool:
    """Whether the store answers questions all the same: where nothing is to be stored, a round goes well."""
    return str(problem) in {FULL, _NO_SPACE, READ_ONLY}


def about_rows(error: DBAPIError) -> bool:
    """Whether the error concerns the rows: a sound store would refuse them too."""
    if error.connection_invalidated:
        return False
    if isinstance(error, IntegrityError | DataError):
        return True
    words = str(error.orig).lower()
    if isinstance(error, ProgrammingError | InterfaceError):
        # PostgreSQL's class 42 is a missing table or a missing right: it concerns every row
        return not _sqlstate(error).startswith("42") and "closed" not in words
    if _sqlstate(error) == "54000":  # PostgreSQL's limit of a row in an index
        return True
    return isinstance(error, OperationalError) and any(sign in words for sign in _ROWS)


_ROWS = ("could not decode to utf-8", "too many sql variables", "malformed json", "integer overflow", "too big")


def sentence(error: DBAPIError) -> str:
    """A French sentence for a person. The driver's own text may contain personal data (law L8)."""
    words = str(error.orig).lower()
    kind = type(error.orig).__name__
    if about_rows(error):
        return f"La base a refusé une donnée ({kind})."
    if (known := _of_a_server(error, words)) is not None:
        return known
    for sign, said in _SENTENCES.items():
        if sign in words:
            return said
    if isinstance(error, OperationalError):
        return f"La base n'est pas joignable ({kind})."
    return f"La base a refusé une opération ({kind})."


def _of_a_server(error: DBAPIError, words: str) -> str | None:
    """PostgreSQL's own reason: by its code, whose words follow the server's language. A refused connection has none."""
    code = _sqlstate(error)
    if code:
        return next((said for start, said in _CODES.items() if code.startswith(start)), None)
    return next((said for signs, said in _REFUSALS.items() if any(sign in words for sign in signs)), None)


FULL = "Le disque est plein : plus rien ne peut être enregistré, aucun message ne part. Faites de la place."
_SENTENCES = {
    "full": FULL,
    "disk i/o": "Le disque refuse l'écriture (plein, quota atteint, défectueux ?) : aucun message ne part.",
    "readonly": "La base est en lecture seule : vérifiez les droits du fichier.",
    "read-only": "La base est en lecture seule : vérifiez les droits du fichier.",
    "locked": "La base est occupée par un autre programme : réessayez dans un instant.",
    "not a database": "Le fichier de la base est abîmé : restaurez une sauvegarde.",
    "malformed": "Le fichier de la base est abîmé : restaurez une sauvegarde.",
}
NEWER = "Cette base a été créée par une version plus récente d'attitre : mettez attitre à jour."
CROWDED = "Toutes les connexions d'attitre à la base servent déjà : réessayé au prochain passage."
_STARTING = "Le serveur PostgreSQL s'arrête ou démarre : réessayez dans un instant."
_BUSY = "La base est occupée (un verrou, ou une requête trop longue) : réessayé au prochain passage."
_NO_ROOM = "Le serveur PostgreSQL n'accepte plus de connexions : augmentez « max_connections », ou la limite du rôle."
_NO_ENTRY = "PostgreSQL refuse notre rôle ou son mot de passe : vérifiez « store: »."
SILENT = "no answer"  # of a server that took the question
_NO_ANSWER = "Le serveur PostgreSQL ne répond plus (disque ou machine figés ?) : réessayé au prochain passage."
_NO_DATABASE = "La base PostgreSQL nommée par « store: » n'existe pas : créez-la, ou restaurez une sauvegarde."
READ_ONLY = (
    "La base PostgreSQL est en lecture seule (« default_transaction_read_only », ou un serveur de secours) : vérifiez "
    "que « store: » nomme le serveur principal."
)
_NO_SPACE = (
    "Le disque du serveur PostgreSQL est plein : rien ne peut être enregistré, aucun message ne part. Faites de la "
    "place."
)
_LOCKED = ("57014", "55P03", "40")  # PostgreSQL's codes: too long, a lock, a transaction against another one
_CODES = {  # of PostgreSQL, by their beginning; the first that fits
    "53100": _NO_SPACE,
    "53300": _NO_ROOM,
    "53": "Le serveur PostgreSQL manque de mémoire ou de place : aucun message ne part.",
    "25006": READ_ONLY,
    **dict.fromkeys(_LOCKED, _BUSY),
    "57P": _STARTING,
    "28": _NO_ENTRY,
    "3D000": _NO_DATABASE,
    "42704": "La base attend une autre version d'attitre : mettez celle-ci à jour.",
    "42501": "La base refuse ce que fait attitre : son rôle n'en a pas le droit.",
    "42P01": "Il manque une table dans la base : restaurez une sauvegarde.",
}
_REFUSALS = {  # what libpq says of a connection that failed, in English or French; and what we say of an answer
    (SILENT,): _NO_ANSWER,
    ("no space left", "aucun espace disponible"): _NO_SPACE,
    ("too many c", "connection slots", "trop de c"): _NO_ROOM,
    ("authentication failed", "pg_hba", 'role "', "authentification", "no password"): _NO_ENTRY,
    ("does not exist", "n'existe pas"): _NO_DATABASE,
    ("starting up", "shutting down", "not currently accepting", "recovery", "démarrage", "en cours d'arrêt"): _STARTING,
}

"""What can go wrong with the store, in two unrelated kinds (law L10).

StoreProblem              the whole store: a French sentence for a person; ends the pass
├── Locked                another `run` or `sync` holds the lease
├── Overtaken             another worker took the lease: nothing more may be written
└── Unusable              cannot be opened, is full, or was made by a newer attitre

NotStored                 the rows alone: ends one resource, booking or message
"""

from __future__ import annotations

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError, ProgrammingError


class StoreProblem(Exception):
    """`str()` is a French sentence for a person."""


class Locked(StoreProblem):
    """Another worker holds the lease."""

    def __init__(self) -> None:
        super().__init__(
            "Un autre attitre travaille déjà sur cette base (« attitre run » ou « attitre sync »). "
            "Arrêtez-le d'abord, ou laissez-le faire."
        )


class Overtaken(StoreProblem):
    """Another worker took the lease while we were working; our transaction is rolled back."""

    def __init__(self) -> None:
        super().__init__(
            "Un autre attitre a repris ce cabinet pendant que la connexion à la base était coupée : rien de ce passage "
            "n'est enregistré, l'autre le refait."
        )


class Unusable(StoreProblem):
    """The store cannot be opened or written."""


class NotStored(Exception):
    """The store refused these values or rows: a duplicate key, a number or text that is too large. The transaction is
    rolled back; others may go on. Not a StoreProblem, so that it ends only the item being stored. `str()` is a French
    sentence without the values."""


def ends_more(error: Exception) -> bool:
    """Whether the error concerns the whole store and so ends the pass."""
    return isinstance(error, StoreProblem) or (isinstance(error, DBAPIError) and not about_rows(error))


def about_rows(error: DBAPIError) -> bool:
    """Whether the error concerns the rows: a sound store would refuse them too."""
    if error.connection_invalidated:
        return False
    if isinstance(error, IntegrityError | DataError):
        return True
    words = str(error.orig).lower()
    if isinstance(error, ProgrammingError | InterfaceError):
        # PostgreSQL's class 42 is a missing table or a missing right: it concerns every row
        lasting = str(getattr(error.orig, "sqlstate", None) or "").startswith("42")
        return not lasting and "closed" not in words
    return isinstance(error, OperationalError) and any(sign in words for sign in _ROWS)


_ROWS = ("could not decode to utf-8", "too many sql variables", "malformed json", "integer overflow", "too big")


def sentence(error: DBAPIError) -> str:
    """A French sentence for a person. The driver's own text may contain personal data (law L8)."""
    words = str(error.orig).lower()
    kind = type(error.orig).__name__
    if about_rows(error):
        return f"La base a refusé une donnée ({kind})."
    for sign, said in _SENTENCES.items():
        if sign in words:
            return said
    if isinstance(error, OperationalError):
        return f"La base n'est pas joignable ({kind})."
    return f"La base a refusé une opération ({kind})."


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

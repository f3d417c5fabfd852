"""What can be wrong with the store.

StoreProblem              a French sentence for a person
├── Locked                another `run` or `sync` is at work
├── Overtaken             another worker has taken this practice over: nothing more is ours to write
└── Unusable              cannot be opened, is full, or was made by a newer attitre
"""

from __future__ import annotations


class StoreProblem(Exception):
    """`str()` is a French sentence for a person."""


class Locked(StoreProblem):
    """Another process holds the writer's lock."""

    def __init__(self) -> None:
        super().__init__(
            "Un autre attitre travaille déjà sur cette base (« attitre run » ou « attitre sync »). "
            "Arrêtez-le d'abord, ou laissez-le faire."
        )


class Overtaken(StoreProblem):
    """Our lease has gone to another worker while we were at work: what was to be written is rolled back."""

    def __init__(self) -> None:
        super().__init__(
            "Un autre attitre a repris ce cabinet pendant que la connexion à la base était coupée : rien de ce passage "
            "n'est enregistré, l'autre le refait."
        )


class Unusable(StoreProblem):
    """The store cannot be opened or written."""

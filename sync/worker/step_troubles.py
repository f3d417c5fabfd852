"""A failing step of a pass is noted in the store until it succeeds; `status` and `/healthz` say it, and the practice
is mailed from the second failure on. The store is asked once a process, so that an idle pass costs no question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sync.core.context import World
from sync.core.guard import kept_apart
from sync.store import notices, troubles
from sync.store.engine import Tx
from sync.store.troubles import STEP

WORDS = {
    "carry-out": "retirer ce que des patients ont annulé par le lien",
    "judging": "vérifier les événements",
    "second-reading": "relire les agendas avant une annulation",
    "attribution": "tenir à jour le dentiste attitré",
    "brake-answers": "lire les réponses aux annulations retenues",
    "restore": "tenir pour dit ce qui l'était avant la sauvegarde",
    "waiting-list": "proposer les créneaux libérés à la liste d'attente",
    "reminders": "prévoir les rappels",
    "fresh-reading": "relire les agendas avant d'envoyer",
    "messages": "envoyer les messages aux patients",
    "questions": "retirer les questions d'hier",
    "writing": "écrire les retours dans les agendas",
    "brake-notices": "afficher les annulations retenues",
    "notices": "afficher les remarques à côté des événements",
    "alerts": "envoyer les alertes au cabinet",
    "digest": "envoyer le récapitulatif",
    "backlog": "vérifier ce qui se trouvait déjà dans les agendas",
    "clock": "remettre en ordre ce que l'horloge fausse a laissé",
    "configuration": "reprendre la configuration changée",
    "audit": "contrôler les agendas",
    "retention": "effacer ce qui a été gardé assez longtemps",
    "rest": "voir ce qui reste à faire",
    "push": "tenir ouvertes les annonces de Google",
}


BESIDE = frozenset({"configuration", "audit", "retention", "push"})  # taken in every pass, also when no step has work


def taken(world: World, name: str, work: Callable[[], object]) -> None:
    """Take one step outside the pipeline: its fault ends here and is noted (law L10)."""
    with kept_apart("step failed", step=name) as fate:
        work()
    with kept_apart("steps not noted"):
        keep(world, {name: fate.failed})


def keep(world: World, became: Mapping[str, Exception | None]) -> None:
    """Note the steps that failed; end the trouble of those that did not."""
    known = world.failing.steps(world.store)
    failed = {name: type(fault).__name__ for name, fault in became.items() if fault is not None}
    over = known & (became.keys() - failed.keys())
    if not (failed or over):
        return
    with world.store.write() as tx:
        for name, error in failed.items():
            _note(world, tx, name, error)
        for name in over:
            troubles.over(tx, STEP, name)
    world.failing.now((known - over) | failed.keys())


def nothing_left(world: World) -> None:
    """No step has work: the failures of pipeline steps are over."""
    keep(world, dict.fromkeys(world.failing.steps(world.store) - BESIDE))


def _note(world: World, tx: Tx, name: str, error: str) -> None:
    now = world.now()
    trouble = troubles.note(tx, STEP, name, error, now)
    if trouble.times < 2:  # once may be an accident
        return
    subject = "attitre : une étape échoue"
    text = (
        f"attitre n'arrive pas à {words(name)} ({error}). Le reste continue, et c'est réessayé à chaque passage.\n\n"
        "Détail : attitre status. Si cela dure, transmettez le journal du programme à qui s'occupe de l'installation."
    )
    notices.raise_once(tx, f"step:{name}:{trouble.since.isoformat()}", subject, text, now)


def words(name: str) -> str:
    """The step's work in French, to follow « n'arrive pas à »."""
    return WORDS.get(name, name)

"""What `status`, `check --connect` and `adopt` say of calendars that cannot be trusted (docs/design.md#audit,
hard cases C06, D07)."""

from adapters.calendars.ical.resource import Ics
from sync.store.engine import Store
from tests.sync.test_cli_commands import Shelf, ask, attitre, put, shelves

__all__ = ["shelves"]
CARELESS = "Ce serveur ne tient pas compte de la version (If-Match) : y écrire pourrait effacer votre saisie."


def spoilt(shelf: Shelf) -> None:
    """From now on the trial before the first write fails."""
    shelf.try_writing = lambda: CARELESS  # type: ignore[method-assign]


def test_c06_status_and_check_say_why_nothing_is_written(shelves: dict[str, Shelf]) -> None:
    assert attitre("sync").exit_code == 0
    spoilt(shelves["martin"])
    put(shelves["martin"], "a", "DUPONT Marie - contrôle")
    hers = shelves["martin"].events["a.ics"]
    assert attitre("sync").exit_code == 0
    assert shelves["martin"].events["a.ics"] == hers
    martin, bernard = ask("status", "--json")["calendars"]
    assert (martin["state"], martin["reason"], martin["read_only"]) == ("ok", CARELESS, CARELESS)
    assert (bernard["reason"], bernard["read_only"]) == (None, None)
    assert attitre("status").exit_code == 0
    checked = attitre("check", "--connect").stdout
    assert f"{CARELESS} (essai du " in checked


def test_check_says_that_the_versions_were_tried_out(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    shelves["martin"].try_writing = lambda: ""  # type: ignore[method-assign]
    put(shelves["martin"], "a", "DUPONT Marie - contrôle")
    attitre("sync")
    assert "Les versions sont respectées à l'écriture. (essai du " in attitre("check", "--connect").stdout


def test_d07_status_names_the_other_installation_until_it_is_said_to_be_gone(shelves: dict[str, Shelf]) -> None:
    attitre("sync")
    shelf = shelves["martin"]
    put(shelf, "a", "DUPONT Marie - contrôle")
    ours, shelf._ics = shelf._ics, Ics(shelf._ics.zone, b"o" * 32, shelf.address)
    attitre("sync")
    shelf._ics = ours
    put(shelf, "b", "DURAND Paul - contrôle", days=4)
    store = Store("sqlite:///attitre.db", "cabinet")
    from sync.store import resources

    with store.write() as tx:
        resources.change(tx, shelf.address, "a.ics", version='"old"')
    attitre("sync")
    martin, _ = ask("status", "--json")["calendars"]
    assert martin["state"] == "failing"
    assert "Une autre installation d'attitre" in martin["reason"]
    assert attitre("status").exit_code == 1
    assert attitre("adopt", "bernard").stdout.startswith("Aucune autre installation")
    assert attitre("adopt", "martin").stdout.startswith("Cet agenda est de nouveau le nôtre")
    assert attitre("sync").exit_code == 0
    martin, _ = ask("status", "--json")["calendars"]
    assert martin["state"] == "ok"
    assert b"attitre" in shelf.events["b.ics"]
    store.close()

"""What one address answers for many practices, and for those that have not begun."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from adapters.web.listener import bound, serving
from adapters.web.office import Front, Present
from adapters.web.pages import application_of
from adapters.web.patients import LinkTo
from tests.adapters.test_web import SECRET, Practice
from tests.pages.memory_desk import VISIT, Card, MemoryDesk


@dataclass
class Site:
    front: Front
    root: str

    def shows(self, now: Present, path: str = "/healthz") -> tuple[int, str]:
        self.front.now = now
        answer = requests.get(self.root + path, timeout=10, allow_redirects=False)
        return answer.status_code, answer.text


@pytest.fixture
def site() -> Iterator[Site]:
    front = Front(Present(), lambda _: None)
    with bound("127.0.0.1:0") as door, serving(door, application_of(front)):
        yield Site(front, f"http://127.0.0.1:{door.getsockname()[1]}")


WELL, ILL = Practice(key="lilas"), Practice(key="roses", fine=False)
AWAY = Practice(key="iris", away=True)
OUTDATED = "version dépassée : une plus récente a repris la base, mettez ce processus à jour\n"


@pytest.mark.parametrize(
    ("now", "status", "text"),
    [
        (Present((WELL,)), 200, "à jour\n"),
        (Present((ILL,)), 503, "en retard\n"),
        (Present((WELL, Practice(key="x"))), 200, "à jour\n"),
        (Present((WELL, ILL, AWAY)), 200, "à regarder\nen retard : roses, iris\n"),
        (Present((ILL, AWAY)), 503, "en retard\nen retard : roses, iris\n"),
        (Present((WELL,), suspended=("tulipes",)), 200, "à regarder\nsuspendu : tulipes\n"),
        (Present((ILL,), suspended=("tulipes",)), 503, "en retard\nen retard : roses\nsuspendu : tulipes\n"),
        (Present(starting=("lilas",)), 200, "démarrage\n"),
        (Present(starting=("lilas", "roses")), 200, "démarrage\ndémarrage : lilas, roses\n"),
        (Present((ILL,), starting=("roses",)), 200, "à regarder\nen retard : roses\ndémarrage : roses\n"),
        (Present(suspended=("lilas",)), 200, "suspendu\n"),
        (Present(starting=("lilas", "roses"), outdated=True), 503, OUTDATED),
        (Present((WELL,), starting=("roses",), outdated=True), 200, "à jour\ndémarrage : roses\n"),
    ],
)
def test_healthz_asks_for_a_new_start_only_where_that_may_help(
    site: Site, now: Present, status: int, text: str
) -> None:
    assert site.shows(now) == (status, text)


def test_readyz_knows_who_works_from_who_stands_by(site: Site) -> None:
    assert site.shows(Present((ILL,)), "/readyz") == (200, "prêt\n")
    assert site.shows(Present(starting=("lilas",)), "/readyz") == (503, "démarrage\n")
    assert site.shows(Present((WELL,), starting=("roses",)), "/readyz")[0] == 200
    assert site.shows(Present(starting=("lilas",), outdated=True), "/readyz") == (503, OUTDATED)


def numbers(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("attitre_") and "http" not in line]


def test_of_many_the_metrics_are_sums_and_the_worst_and_fine_ones_where_asked(site: Site) -> None:
    now = Present((WELL, ILL, AWAY), starting=("x",), suspended=("y", "z"))
    status, text = site.shows(now, "/metrics")
    assert status == 200
    assert numbers(text) == [
        'attitre_practices{state="ok"} 1.0',
        'attitre_practices{state="troubled"} 2.0',
        'attitre_practices{state="starting"} 1.0',
        'attitre_practices{state="suspended"} 2.0',
        'attitre_calendars{state="ok"} 4.0',
        'attitre_calendars{state="stale"} 2.0',
        "attitre_passes_total 14.0",
        "attitre_lag 900.0",
    ]
    _, fine = site.shows(now, "/metrics?by=practice")
    assert 'attitre_calendars{practice="roses",state="ok"} 2.0' in numbers(fine)
    assert 'attitre_practices{state="troubled"} 2.0' in numbers(fine)


# --- patients --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [f"/r/{VISIT}", "/r/?s=x", "/a/", "/o/x", "/r/annuler"])
def test_p39_while_nobody_works_yet_a_patient_is_asked_to_come_again(site: Site, path: str) -> None:
    status, text = site.shows(Present(starting=("lilas",)), path)
    assert status == 503
    assert "Le service reprend dans un instant" in text
    answer = requests.post(f"{site.root}/r/annuler", data={"choix": "oui"}, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "Set-Cookie" not in answer.headers


def test_p39_a_link_that_nobody_here_knows_may_be_of_one_that_stands_by(site: Site) -> None:
    desk = MemoryDesk(cards={VISIT: Card(LinkTo.APPOINTMENT)})
    for now, status in (
        (Present((WELL,), (desk,)), 404),
        (Present((WELL,), (desk,), starting=("roses",)), 503),
    ):
        site.front.now = now
        assert requests.get(f"{site.root}/r/nobody-knows-this", timeout=10).status_code == status
        assert requests.get(f"{site.root}/r/{VISIT}", timeout=10).status_code == 200


def test_without_pages_and_with_none_starting_such_an_address_leads_nowhere(site: Site) -> None:
    assert site.shows(Present((WELL,)), f"/r/{VISIT}")[0] == 404


def test_google_comes_again_to_one_that_stands_by(site: Site) -> None:
    site.front.now = Present(starting=("lilas",))
    answer = requests.post(f"{site.root}/push/google", headers=SECRET, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")

"""The listener: its paths, what holds for all of them, and what a stranger can do with it (nothing)."""

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import requests

from adapters.web.guard import HEADERS
from adapters.web.listener import CannotListen, bound, serving
from adapters.web.office import Measure, Ring, Unavailable
from adapters.web.pages import application

SECRET = {"X-Goog-Channel-ID": "c-1", "X-Goog-Channel-Token": "right", "X-Goog-Resource-State": "exists"}


@dataclass
class Practice:
    """What stands behind the paths, as a test wants it."""

    fine: bool = True
    away: bool = False
    broken: bool = False
    rings: list[Ring] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    asked: int = 0
    key: str = "lilas"

    def healthy(self) -> bool:
        self.asked += 1
        if self.away:
            raise Unavailable
        if self.broken:
            raise ValueError("DUPONT Marie, 06 12 34 56 78")
        return self.fine

    def measures(self) -> Iterable[Measure]:
        if self.away:
            raise Unavailable
        labels = {"practice": self.key, "state": "ok"}
        return [
            Measure("attitre_calendars", "Calendars by state.", 2, labels),
            Measure("attitre_calendars", "Calendars by state.", 1, labels | {"state": "stale"}),
            Measure("attitre_passes", "Passes.", 7, {"practice": self.key}, grows=True),
            Measure("attitre_lag", "Lag.", 60.0 if self.fine else 900.0, {"practice": self.key}, worst=True),
        ]

    def may_ring(self, channel: str) -> bool:
        return channel.startswith("c-")

    def rung(self, ring: Ring) -> bool:
        if self.away:
            raise Unavailable
        self.rings.append(ring)
        return ring.secret == "right"

    def fault(self, error: Exception) -> None:
        self.faults.append(error)


@dataclass
class Site:
    """The listener on loopback."""

    practice: Practice
    root: str

    def get(self, path: str) -> requests.Response:
        return requests.get(self.root + path, timeout=10)

    def post(self, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> requests.Response:
        return requests.post(self.root + path, headers=headers, data=body, timeout=10)


@pytest.fixture
def site() -> Iterator[Site]:
    practice = Practice()
    with bound("127.0.0.1:0") as door, serving(door, application([practice])):
        yield Site(practice, f"http://127.0.0.1:{door.getsockname()[1]}")


def test_healthz_says_by_its_status_whether_every_calendar_is_up_to_date(site: Site) -> None:
    assert (site.get("/healthz").status_code, site.get("/healthz").text) == (200, "à jour\n")
    site.practice.fine = False
    assert (site.get("/healthz").status_code, site.get("/healthz").text) == (503, "en retard\n")


def test_a_store_that_cannot_be_asked_is_503_everywhere_and_google_may_come_again(site: Site) -> None:
    site.practice.away = True
    answers = [site.get("/healthz"), site.get("/metrics"), site.post("/push/google", SECRET)]
    assert [one.status_code for one in answers] == [503, 503, 503]
    assert all(one.headers["Retry-After"] == "30" for one in answers)


def test_metrics_are_what_prometheus_reads(site: Site) -> None:
    site.get("/healthz")
    answer = site.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    assert 'attitre_calendars{practice="lilas",state="ok"} 2.0' in lines
    assert 'attitre_calendars{practice="lilas",state="stale"} 1.0' in lines
    assert 'attitre_passes_total{practice="lilas"} 7.0' in lines
    assert 'attitre_http_requests_total{method="GET",path="/healthz",status="200"} 1.0' in lines


def test_requests_are_counted_by_pattern_never_by_what_was_asked(site: Site) -> None:
    site.get("/r/a-patients-secret-link?name=DUPONT")
    requests.request("BREW", site.root + "/healthz", timeout=10)
    text = site.get("/metrics").text
    assert 'path="/r/{secret}",status="404"' in text
    assert 'method="other"' in text
    assert "secret-link" not in text
    assert "DUPONT" not in text


def test_a_message_of_google_has_headers_and_no_body(site: Site) -> None:
    more = {"X-Goog-Resource-ID": "r-1", "X-Goog-Channel-Expiration": "Tue, 01 Dec 2026 08:00:00 GMT"}
    answer = site.post("/push/google", SECRET | more)
    assert (answer.status_code, answer.content) == (204, b"")
    assert site.practice.rings == [Ring("c-1", "right", "r-1", datetime(2026, 12, 1, 8, tzinfo=UTC))]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Goog-Channel-ID": "c-1"},
        SECRET | {"X-Goog-Channel-Token": "wrong"},
        SECRET | {"X-Goog-Channel-ID": "c 1'; --"},
        SECRET | {"X-Goog-Channel-ID": "c" * 65},
    ],
)
def test_a_strangers_message_is_404_and_counted(site: Site, headers: dict[str, str]) -> None:
    answer = site.post("/push/google", headers)
    assert answer.status_code == 404
    counted = 'attitre_http_requests_total{method="POST",path="/push/google",status="404"} 1.0'
    assert counted in site.get("/metrics").text


def test_a_date_that_is_none_is_no_reason_to_refuse(site: Site) -> None:
    site.post("/push/google", SECRET | {"X-Goog-Channel-Expiration": "whenever"})
    assert site.practice.rings[0].until is None


def test_l9_looking_changes_nothing(site: Site) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        assert requests.request(method, site.root + "/push/google", headers=SECRET, timeout=10).status_code == 405
    assert site.practice.rings == []
    assert requests.head(site.root + "/healthz", timeout=10).status_code == 200
    assert site.post("/healthz").status_code == site.post("/metrics").status_code == 405


@pytest.mark.parametrize("path", ["/", "/r/abc", "/healthz/", "/push/google/", "/docs", "/..%2f", "/%00"])
def test_an_unknown_path_is_a_short_page_in_french(site: Site, path: str) -> None:
    answer = requests.get(site.root + path, allow_redirects=False, timeout=10)
    assert answer.status_code == 404
    assert "Page introuvable" in answer.text
    assert '<html lang="fr">' in answer.text
    assert len(answer.content) < 1000


def test_nobody_may_embed_sniff_or_keep_an_answer(site: Site) -> None:
    for answer in (site.get("/healthz"), site.get("/nowhere"), site.post("/push/google"), site.get("/metrics")):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "Server" not in answer.headers


def test_l8_a_fault_of_ours_is_answered_and_told_without_its_text(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    site.practice.broken = True
    answer = site.get("/healthz")
    assert answer.status_code == 500
    assert "Réessayez" in answer.text
    soon = time.monotonic() + 5
    while not site.practice.faults and time.monotonic() < soon:  # it is told once the answer has left
        time.sleep(0.01)
    assert [type(one) for one in site.practice.faults] == [ValueError]
    said = capfd.readouterr()
    assert "DUPONT" not in answer.text + said.out + said.err


def test_l8_nothing_is_said_of_what_was_asked(site: Site, capfd: pytest.CaptureFixture[str]) -> None:
    site.get("/r/a-patients-secret-link")
    with closing(socket.create_connection(("127.0.0.1", int(site.root.rpartition(":")[2])), timeout=5)) as line:
        line.sendall(b"GET /r/a-patients-secret-link NONSENSE\r\n\r\n")
        line.recv(1000)
    said = capfd.readouterr()
    assert said.out + said.err == ""


def test_a_huge_body_is_not_waited_for(site: Site) -> None:
    assert site.post("/push/google", SECRET, b"x" * 3_000_000).status_code == 204


def test_an_answer_on_an_open_connection_waits_for_no_acknowledgement(site: Site) -> None:
    with requests.Session() as held:
        held.get(site.root + "/healthz", timeout=10)
        times = []
        for _ in range(20):
            began = time.perf_counter()
            held.get(site.root + "/healthz", timeout=10)
            times.append(time.perf_counter() - began)
    assert min(times) < 0.03  # 40 ms is how long Linux delays an acknowledgement


def test_several_practices_at_one_address_answer_as_one() -> None:
    first, second = Practice(), Practice(fine=False)
    with bound("127.0.0.1:0") as door, serving(door, application([first, second])):
        site = Site(first, f"http://127.0.0.1:{door.getsockname()[1]}")
        assert site.get("/healthz").status_code == 200
        assert site.post("/push/google", SECRET).status_code == 204
        assert site.get("/metrics").text.count("# TYPE attitre_calendars gauge") == 1
    assert len(first.rings) == 1
    assert second.rings == []


def test_the_address_is_free_again_at_once_even_with_a_client_that_holds_on() -> None:
    with bound("127.0.0.1:0") as door:
        port = door.getsockname()[1]
        with serving(door, application([Practice()])):
            held = requests.Session()
            assert held.get(f"http://127.0.0.1:{port}/healthz", timeout=10).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10)
    bound(f"127.0.0.1:{port}").close()
    held.close()


@pytest.mark.parametrize(
    ("listen", "words"), [("192.0.2.7:8080", "n'a pas cette adresse"), ("nowhere.invalid:8080", "page.listen")]
)
def test_an_address_that_cannot_be_had_is_one_sentence(listen: str, words: str) -> None:
    with pytest.raises(CannotListen, match="Impossible d'écouter") as caught:
        bound(listen)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_taken_address_is_one_sentence() -> None:
    with bound("127.0.0.1:0") as door, pytest.raises(CannotListen, match="un autre programme l'occupe"):
        bound(f"127.0.0.1:{door.getsockname()[1]}")

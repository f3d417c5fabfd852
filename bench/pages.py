"""A patient's page in a big practice: 10 dentists, 50,000 bookings, in CPU milliseconds as it is served: through the
application, with its drawing and sealing, without the connection."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from datetime import timedelta

from msgspec import Struct
from msgspec.structs import replace
from starlette.types import ASGIApp, Message

from adapters.web.pages import application
from adapters.web.patients import What
from bench.judging import BOOKINGS, DENTISTS, big_practice, event
from bench.visitors import Quiet
from rules.model import Channel
from sync.core.context import World
from sync.evaluate.evaluate import evaluate
from sync.people.desk import PagesOfPatients
from sync.pull.mirror import mirror
from sync.store import bookings, links
from sync.store.links import About, LinkKind

_WEEKS_AHEAD = 60  # behind the last booking of the big practice, so that every event is valid


def measure(repeats: int = 40, many: int = BOOKINGS) -> dict[str, float]:
    """Median milliseconds of CPU by what the patient does."""
    with big_practice(many) as (bare, calendars, names):
        own = names[DENTISTS - 1 :: DENTISTS]  # the patients of the first dentist
        dice = random.Random(7)  # noqa: S311 - the same questions at every run is the point
        world = replace(bare, practice=replace(bare.practice, page_url="https://rdv.lilas.example"))
        today = world.now().date()
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=_WEEKS_AHEAD)
        for number in range(repeats):
            calendars[0].put(*event(number, own[dice.randrange(len(own))], monday + timedelta(weeks=number // 5)))
        mirror(world, world.sources[0])
        evaluate(world)
        secrets = _links(world)
        app = application((Quiet(),), (PagesOfPatients(world, lambda: None),))
        with asyncio.Runner() as runner:
            visits = [_opened(runner, app, secret) for secret in secrets]
            asked = {"page": "", "free times": What.MOVE.value}
            return {
                name: round(statistics.median(_cpu(runner, one, path) for one in visits), 2)
                for name, path in asked.items()
            }


class Visit(Struct, frozen=True):
    """A link whose secret has left the address: what is asked of its page from then on."""

    app: ASGIApp
    number: str
    cookie: str


def _links(world: World) -> list[str]:
    now = world.now()
    with world.store.write() as tx:
        rows = [row for row in bookings.starting(tx, now, now + timedelta(days=800), world.practice.zone) if row.mobile]
        return [
            links.make(tx, About(LinkKind.APPOINTMENT, row.id, row.patient or 0, row.mobile or "", Channel.SMS), now)
            for row in rows
        ]


def _opened(runner: asyncio.Runner, app: ASGIApp, secret: str) -> Visit:
    """The link's own address gives a cookie and a handle; the second one a number instead of that."""
    visit = Visit(app, "", "")
    path = secret
    for _ in range(2):
        status, headers = runner.run(_get(visit, path))
        assert status == 303, status
        path, visit = "", Visit(app, headers["location"].partition("?")[2], headers["set-cookie"].partition(";")[0])
    return visit


def _cpu(runner: asyncio.Runner, visit: Visit, path: str) -> float:
    began = time.process_time()
    status, _ = runner.run(_get(visit, path))
    assert status == 200, status
    return (time.process_time() - began) * 1000


async def _get(visit: Visit, path: str) -> tuple[int, dict[str, str]]:
    """Status and headers, as a server asks an application (ASGI 3)."""
    sent: list[Message] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "https",
        "path": f"/r/{path}", "raw_path": f"/r/{path}".encode(), "root_path": "", "query_string": visit.number.encode(),
        "headers": [(b"host", b"rdv.lilas.example"), (b"cookie", visit.cookie.encode())],
        "client": ("192.0.2.1", 1), "server": ("rdv.lilas.example", 443),
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await visit.app(scope, receive, send)
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


if __name__ == "__main__":
    print(measure())

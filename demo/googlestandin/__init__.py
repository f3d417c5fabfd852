"""A stand-in for the Google Calendar API v3 on loopback, with state, for tests and the demo.

    with GoogleStandIn() as google:
        google.add_calendar("martin@group.calendar.google.com", "Dr Martin")
        google.share("martin@group.calendar.google.com", "robot@practice.iam.gserviceaccount.com", "writer")
        key = google.service_account("robot@practice.iam.gserviceaccount.com")   # dict; token_uri is on loopback
        consent = google.authorized_user("cabinet@gmail.com")                    # dict with a refresh token
        service = build("calendar", "v3", credentials=service_account.Credentials.from_service_account_info(
            key, scopes=[...]), client_options={"api_endpoint": google.url}, static_discovery=True)

`google.url` ends with `/calendar/v3/`; the same paths work at `google.root`; batches go to `google.batch_url`.
`google.fail_next(kind, times, when)` plans faults (see `faults.py`), `google.log` shows what was asked,
`google.consent` who answers the consent page,
`google.world.mails` whom Google would have written to, `google.person(calendar)` is somebody who books by hand.
`google.set_now(moment)` sets the clock of events; tokens are judged by the machine's clock and `google.gate.skew`.
"""

from __future__ import annotations

import json
import threading
from datetime import datetime
from http.server import ThreadingHTTPServer
from types import TracebackType

from demo.googlestandin.channels import Channels
from demo.googlestandin.consent import Consent, client_file
from demo.googlestandin.errors import Json
from demo.googlestandin.faults import Faults, When
from demo.googlestandin.person import Person
from demo.googlestandin.routes import Desk
from demo.googlestandin.server import Seen, handler
from demo.googlestandin.state import ROLES, Calendar, World
from demo.googlestandin.tokens import Gate

OWNER = "cabinet@gmail.com"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is none of the server's business."""


class GoogleStandIn:
    """The server and everything in it; starts on entering, ends on leaving."""

    def __init__(self, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.world = World()
        self.consent = Consent(OWNER)
        self.gate = Gate(lambda: self.token_uri, self.consent)
        self.faults = Faults()
        self.channels = Channels(self.world)
        self.desk = Desk(self.world, self.channels)
        self.log: list[Seen] = []

    @property
    def root(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The API's base, as an `api_endpoint`."""
        return f"{self.root}/calendar/v3/"

    @property
    def token_uri(self) -> str:
        """Where tokens are given out."""
        return f"{self.root}/token"

    @property
    def batch_url(self) -> str:
        """Where batches go."""
        return f"{self.root}/batch/calendar/v3"

    def add_calendar(
        self, calendar_id: str, summary: str = "", *, zone: str = "Europe/Paris", owner: str = OWNER
    ) -> Calendar:
        """A new calendar of `owner`, in the owner's list."""
        with self.world.lock:
            calendar = Calendar(calendar_id, summary or calendar_id, zone)
            self.world.calendars[calendar_id] = calendar
            self.gate.known(owner, robot=False)
            self.share(calendar_id, owner, "owner")
        return calendar

    def share(self, calendar_id: str, email: str, role: str) -> None:
        """Give an identity a role; `none` takes it away. People find the calendar in their list, robots do not
        (inferred) until they insert it."""
        if role not in ROLES:
            raise ValueError(f"no such role: {role}; known: {', '.join(ROLES)}")
        with self.world.lock:
            self.world.calendars[calendar_id].acl[email] = role
            known = self.gate.identities.get(email)
            if known and not known.robot:
                self.world.lists.setdefault(email, set()).add(calendar_id)

    def service_account(self, email: str) -> Json:
        """A service account's key file, as a dict; the account is known from now on."""
        self.gate.known(email, robot=True)
        return self.gate.service_account(email)

    def authorized_user(self, email: str) -> Json:
        """A person's consent as a file's dict, refresh token included."""
        self.gate.known(email, robot=False)
        return self.gate.authorized_user(email)

    def oauth_client(self, kind: str = "installed") -> Json:
        """The practice's own OAuth client, as a file's dict; `consent` is the person who will be asked."""
        return client_file(self.root, kind)

    def credentials_json(self, email: str, *, robot: bool = True) -> str:
        """Either of them, as text."""
        return json.dumps(self.service_account(email) if robot else self.authorized_user(email))

    def person(self, calendar_id: str, email: str = OWNER) -> Person:
        """Somebody who works in Google's own web page."""
        return Person(self.world, calendar_id, email)

    def set_now(self, moment: datetime) -> None:
        """The clock of events stands at `moment` (aware)."""
        if moment.tzinfo is None:
            raise ValueError("an aware time is needed")
        self.world.clock = lambda: moment

    def fail_next(self, kind: str, times: int = 1, when: When = None, *, after: int = 0, retry_after: str = "") -> None:
        """Plan a fault: a kind of `errors.KINDS`, or `lostAnswer` (done, but the connection closes), `noAnswer` (not
        done), `cutAnswer`, `htmlPage`. `when`: an operation (`events.list`, `events`, `token`, `batch`) or a
        function."""
        with self.world.lock:
            self.faults.plan(kind, times, when, after=after, retry_after=retry_after)

    def expire_sync_tokens(self) -> None:
        """Every sync token given so far: 410, also in the middle of its pages."""
        with self.world.lock:
            self.world.expired |= set(self.world.points)

    def forget_deleted(self, calendar_id: str) -> None:
        """Stubs do not stay for ever: those of deleted events leave the calendar."""
        with self.world.lock:
            calendar = self.world.calendars[calendar_id]
            kept = {name: row for name, row in calendar.events.items() if not row.cancelled or _holds(calendar, name)}
            calendar.events = kept

    def asked(self, operation: str = "") -> list[Seen]:
        """The log's lines of one operation, or of a family (`events`); of all without a name."""
        with self.world.lock:
            return [seen for seen in self.log if not operation or f"{seen.operation}.".startswith(f"{operation}.")]

    def __enter__(self) -> GoogleStandIn:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _holds(calendar: Calendar, event_id: str) -> bool:
    """A cancelled exception lives as long as its series."""
    master = calendar.events.get(calendar.events[event_id].body.get("recurringEventId", ""))
    return master is not None and not master.cancelled

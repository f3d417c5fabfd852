"""From settings to a world: the one place that knows every adapter. Imports only what the configuration names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from adapters.base import Account, Announcer, Calendar, Denied, Outgoing, Sender
from config.calendars import CalDavSettings, GoogleSettings, IcsSettings
from config.messages import EmailSettings, HttpSmsSettings
from config.practice import practice_of
from config.roster import AnyCalendar, Configured, configured
from config.settings import Settings
from rules.model import Channel
from sync.core.context import Clock, Retention, Source, World, since_start
from sync.store import generation, keyvalue
from sync.store.calendars import WAITING_LIST
from sync.store.engine import NotStored, Store

if TYPE_CHECKING:
    from pydantic import SecretStr

    from adapters.calendars.dav.account import DavAccess
    from adapters.calendars.dav.calendar import DavCalendar
    from adapters.calendars.google.api import GoogleAccess
    from adapters.meter import Meter
    from sync.core.budget import Budget

Login = tuple[str, ...]


def _utc() -> datetime:
    return datetime.now(UTC)


@contextmanager
def open_world(settings: Settings, clock: Clock = _utc, store: Store | None = None) -> Iterator[World]:
    """Everything around a pass; closes the store and the sessions. Raises StoreProblem. Talks to no server yet."""
    practice = practice_of(settings)
    with ExitStack() as stack:
        ours = store or Store(settings.store.get_secret_value(), practice.key)
        stack.callback(ours.close)
        ours.prepare()
        secret = _secret(ours, clock)
        maker = _Maker(practice.zone, secret, stack, Spending(ours, settings.sync.google_daily_requests))
        sources = tuple(maker.source(one) for one in (*configured(settings), *waiting_list(settings)))
        yield World(
            practice=practice,
            store=ours,
            sources=sources,
            senders=senders(settings),
            clock=clock,
            accounts=maker.accounts(),
            announcers=maker.announcers,
            budgets=maker.spending.budgets,
            retention=Retention(settings.retention.messages_days, settings.retention.journal_days),
            on_uncertain={
                Channel.SMS: settings.messages.on_uncertain.sms,
                Channel.EMAIL: settings.messages.on_uncertain.email,
            },
            steady=since_start if clock is _utc else None,
        )


def without_calendars(settings: Settings, store: Store) -> World:
    """The practice and its store, for who only reads what stands there. Opens nothing."""
    return World(practice_of(settings), store, (), {}, _utc, steady=since_start)


def waiting_list(settings: Settings) -> tuple[Configured, ...]:
    """The waiting list's own calendar, where there is one (P44)."""
    found = settings.waiting_list.calendar if settings.waiting_list else None
    return (Configured(found, WAITING_LIST, {}),) if found else ()


def senders(settings: Settings) -> dict[Channel, Sender]:
    """The configured ways to patients."""
    found: dict[Channel, Sender] = {}
    if settings.messages.email:
        found[Channel.EMAIL] = _mail(settings.messages.email)
    if settings.messages.sms:
        found[Channel.SMS] = _sms(settings.messages.sms)
    return found


def _mail(email: EmailSettings) -> Sender:
    def made() -> Sender:
        from adapters.senders.mail import MailSender

        return MailSender(email.url, email.sender, _open(email.password) or None, float(email.timeout))

    return WhenNeeded(Channel.EMAIL, made)


def _sms(sms: Any) -> Sender:
    if not isinstance(sms, HttpSmsSettings):
        return LaterSender(
            Channel.SMS, f"Les SMS « {sms.kind} » ne sont pas encore pris en charge : employez « kind: http »."
        )
    from adapters.http import Http
    from adapters.senders.sms import HttpSms

    return HttpSms(
        session=Http().session,
        url=sms.url.get_secret_value(),
        body=(sms.body if sms.body is not None else sms.form) or {},
        headers={name: value.get_secret_value() for name, value in sms.headers.items()},
        sender=sms.sender or "",
        form=sms.body is None,
        repeatable=sms.idempotent,
        timeouts=(5.0, float(sms.timeout)),
    )


def _open(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _secret(store: Store, clock: Clock) -> bytes:
    """The installation's secret; its generation is made with it."""

    def made() -> bytes:
        with store.write() as tx:
            generation.current(tx, clock())
            return keyvalue.secret(tx)

    try:
        return made()
    except NotStored:  # another process opens the practice for the first time at this moment
        return made()


class Spending:
    """The budgets of the Google projects behind a practice's calendars; none where `daily` is None."""

    def __init__(self, store: Store, daily: int | None) -> None:
        self._store, self._daily = store, daily
        self.budgets: dict[str, Budget] = {}

    def meter(self, credentials: str) -> Meter | None:
        """What counts the requests made with that file."""
        if self._daily is None:
            return None
        from adapters.calendars.google.auth import project_of
        from adapters.meter import meter_of

        return meter_of(project_of(credentials), str(self._store.url))

    def watch(self, calendar: str, meter: Meter | None) -> None:
        """Spare that calendar's requests."""
        if self._daily is not None and meter is not None:
            from sync.core.budget import Budget

            same = (one for one in self.budgets.values() if one.meter is meter)
            self.budgets[calendar] = next(same, None) or Budget(self._daily, meter, self._store)


class _Maker:
    """Makes calendars; those behind one login share one session (docs/design.md#one-session-per-login)."""

    def __init__(self, zone: ZoneInfo, secret: bytes, stack: ExitStack, spending: Spending) -> None:
        self._zone, self._secret, self._stack, self.spending = zone, secret, stack, spending
        self._logins: dict[Login, Any] = {}
        self._behind: dict[Login, list[DavCalendar]] = {}
        self.announcers: dict[str, Announcer] = {}

    def source(self, one: Configured) -> Source:
        """The calendar and whose it is. A kind that is not built yet fails when read, and alone (law L10)."""
        return Source(self._calendar(one.settings), one.dentist, one.tags)

    def _calendar(self, settings: AnyCalendar) -> Calendar:
        if isinstance(settings, CalDavSettings):
            return self._dav(settings)
        if isinstance(settings, GoogleSettings):
            return self._google(settings)
        return self._feed(settings)

    def _feed(self, settings: IcsSettings) -> Calendar:
        from adapters.calendars.feed.calendar import FeedCalendar

        feed = FeedCalendar(
            settings.url.get_secret_value(), username=settings.username or "", password=_open(settings.password),
            zone=self._zone, secret=self._secret,
        )  # fmt: skip
        self._stack.callback(feed.http.session.close)
        return feed

    def _google(self, settings: GoogleSettings) -> Calendar:
        from adapters.calendars.google.calendar import GoogleCalendar
        from adapters.calendars.google.push import GooglePush

        login = ("google", _open(settings.credentials), settings.endpoint or "", settings.subject or "")
        access = self._logins.get(login)
        if access is None:
            meter = self.spending.meter(_open(settings.credentials))
            access = self._logins[login] = google_access(settings, meter)
            self._stack.callback(access.http.session.close)
        calendar = GoogleCalendar(
            access, settings.calendar_id, zone=self._zone, secret=self._secret, read_only=settings.read_only
        )
        self.announcers[calendar.address] = GooglePush(access, settings.calendar_id)
        self.spending.watch(calendar.address, access.meter)
        return calendar

    def _dav(self, settings: CalDavSettings) -> Calendar:
        from adapters.calendars.dav.calendar import DavCalendar

        login = login_of(settings)
        access = self._logins.get(login)
        if access is None:
            access = self._logins[login] = dav_access(settings)
            self._stack.callback(access.http.session.close)
        calendar = DavCalendar(
            access, settings.url, name=settings.calendar, zone=self._zone, secret=self._secret,
            read_only=settings.read_only,
        )  # fmt: skip
        self._behind.setdefault(login, []).append(calendar)
        return calendar

    def accounts(self) -> tuple[tuple[Account, frozenset[str]], ...]:
        """Logins with several calendars: they are asked for all of them at once (docs/benchmark.md B5)."""
        several = {login: behind for login, behind in self._behind.items() if len(behind) > 1}
        return tuple(
            (self._account(login, behind), frozenset(c.address for c in behind)) for login, behind in several.items()
        )

    def _account(self, login: Login, behind: list[DavCalendar]) -> Account:
        from adapters.calendars.dav.unchanged import DavAccount

        account: Account = DavAccount(self._logins[login], tuple(behind))
        return account


def login_of(settings: CalDavSettings) -> Login:
    """One login, one session: nothing leaks between accounts."""
    from urllib.parse import urlsplit

    parts = urlsplit(settings.url)
    who = (settings.username or "", _open(settings.password), _open(settings.token), settings.auth)
    return parts.scheme, parts.netloc, *who


def dav_access(settings: CalDavSettings) -> DavAccess:
    """The CalDAV account behind a calendar."""
    from adapters.calendars.dav.account import DavAccess

    return DavAccess(
        settings.url, username=settings.username or "", password=_open(settings.password), token=_open(settings.token),
        auth=settings.auth,
    )  # fmt: skip


def google_access(settings: GoogleSettings, meter: Meter | None = None) -> GoogleAccess:
    """The Google account behind a calendar. Logs in at its first use. `meter` counts its requests."""
    from adapters.calendars.google.api import GoogleAccess

    credentials, endpoint = _open(settings.credentials), settings.endpoint or ""
    return GoogleAccess(credentials, endpoint=endpoint, subject=settings.subject or "", meter=meter)


class WhenNeeded:
    """A gateway made for its first message: most passes send none, and are spared its modules. Not repeatable."""

    repeatable = False

    def __init__(self, channel: Channel, make: Callable[[], Sender]) -> None:
        self.channel, self._make = channel, make

    @cached_property
    def _sender(self) -> Sender:
        return self._make()

    def send(self, message: Outgoing) -> str:
        """See `Sender.send`."""
        return self._sender.send(message)

    def probe(self) -> str:
        """See `Sender.probe`."""
        return self._sender.probe()


class LaterSender:
    """A gateway of a kind that is not built yet."""

    repeatable = False

    def __init__(self, channel: Channel, sentence: str) -> None:
        self.channel, self._sentence = channel, sentence

    def send(self, _: object) -> str:
        """Never."""
        raise Denied(self._sentence)

    def probe(self) -> str:
        """Says why not."""
        raise Denied(self._sentence)


def list_calendars(url: str, username: str, password: str) -> list[tuple[str, str, bool]]:
    """(name, address, may be written) of the calendars that an account has. Raises the errors of adapters.base."""
    from adapters.calendars.dav import account, probe

    access = account.DavAccess(url, username=username, password=password)
    found = account.list_calendars(access)
    return [(one.name, one.address, probe.writable(access.http, one.address)) for one in found]

"""Limits how often links can be guessed: by the address that asks, and in all (P39).

A link has 128 random bits, so this spares the store and shows that somebody tries. It must not shut patients out: an
address that guesses by itself is not served for a while; what others guess lowers what each address may get wrong
before it is told to wait, and whoever has a link that holds is served all the same.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from starlette.requests import Request

WINDOW_S = 600
OF_ONE = 30  # wrong links of one address in a window: a practice's patients may share one (mobile operators)
OF_ALL = 300
THEN_OF_ONE = 3
_ADDRESSES = 20_000  # remembered; the one that was wrong longest ago is forgotten first
_V6_NETWORK = 64  # bits: what one subscriber has


class Guesses:
    """The wrong links of the last minutes. May be asked from any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._began = clock()
        self._all = 0
        self._of: OrderedDict[str, int] = OrderedDict()

    def refused(self, address: str) -> bool:
        """Whether that address got so many wrong by itself that it is not served; never one that nobody knows (`""`),
        behind which everybody may stand."""
        with self._lock:
            self._turn()
            return self._of.get(address, 0) >= OF_ONE

    def wrong(self, address: str) -> bool:
        """Count a wrong link. Returns whether its sender must wait."""
        with self._lock:
            self._turn()
            before = self._of.get(address, 0)
            waits = self._all >= OF_ALL and (not address or before >= THEN_OF_ONE)
            self._all += 1
            if address:
                self._of.pop(address, None)
                self._of[address] = before + 1
                if len(self._of) > _ADDRESSES:
                    self._of.popitem(last=False)
            return waits

    def _turn(self) -> None:
        if self._clock() - self._began >= WINDOW_S:
            self._began, self._all = self._clock(), 0
            self._of.clear()


def address(request: Request) -> str:
    """Who asks; `""` where nobody knows. From loopback it is the reverse proxy on this machine, which appends whom it
    serves to `X-Forwarded-For`; from elsewhere that header could say anything, and in a network of containers it says
    that the peer is a relay, behind which everybody stands. An IPv6 address counts with its network."""
    peer, served = _ip(request.client.host if request.client else ""), request.headers.get("x-forwarded-for", "")
    if peer is not None and peer.is_loopback:
        peer = _ip(served.rpartition(",")[2].strip())
    elif peer is not None and peer.is_private and served:
        return ""
    if peer is None:
        return ""
    if isinstance(peer, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((peer, _V6_NETWORK), strict=False))
    return str(peer)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found

"""The practices' numbers in the text format of Prometheus, and the count of requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from adapters.web.health import troubled
from adapters.web.office import Measure, Office, Present, Unavailable

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_VERBS = frozenset({"GET", "HEAD", "POST"})
_WHOSE = frozenset({"practice", "dentist"})  # labels
Family = CounterMetricFamily | GaugeMetricFamily


class Requests:
    """Counts requests by the pattern of the path, never by the path: it may contain a patient's link."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counter = Counter(
            "attitre_http_requests", "Requests answered.", ("path", "method", "status"), registry=self._registry
        )
        self._wrong = Counter(
            "attitre_wrong_links", "Links of patients that do not hold.", ("kind",), registry=self._registry
        )

    def wrong_link(self, kind: str) -> None:
        """Count a link that is unknown, malformed, expired or revoked; never which."""
        self._wrong.labels(kind).inc()

    def count(self, pattern: str, method: str, status: int) -> None:
        """Count one request."""
        self._counter.labels(pattern, method if method in _VERBS else "other", str(status)).inc()

    def text(self) -> bytes:
        """The counts in text format."""
        return generate_latest(self._registry)


def exposition(now: Present, requests: Requests, *, fine: bool = False) -> bytes:
    """All numbers in text format. Of many practices the sums and the worst, and how many are well; `fine`: each one's
    own too. Raises Unavailable for a single practice."""
    if now.many:
        each = [*_of_many(now.offices)]
        found = [*_practices(now), *(each if fine else together([*each, *now.gone]))]
    else:
        found = [measure for office in now.offices for measure in office.measures()]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Said(found))
    return generate_latest(registry) + requests.text()


def _of_many(offices: Iterable[Office]) -> Iterator[Measure]:
    """Those whose store is away have no numbers; they count as troubled."""
    for office in offices:
        try:
            yield from office.measures()
        except Unavailable:
            continue


def _practices(now: Present) -> Iterator[Measure]:
    bad = len(troubled(now.offices))
    counts = {
        "ok": len(now.offices) - bad, "troubled": bad, "starting": len(now.starting), "suspended": len(now.suspended)
    }  # fmt: skip
    for state, count in counts.items():
        yield Measure("attitre_practices", "Practices by state.", count, {"state": state})


def together(each: Iterable[Measure]) -> Iterator[Measure]:
    """One number for all practices and dentists."""
    found: dict[tuple[str, ...], Measure] = {}
    for one in each:
        labels = {name: value for name, value in one.labels.items() if name not in _WHOSE}
        key = (one.name, *labels.values())
        value = one.value if key not in found else _joined(one, found[key].value)
        found[key] = replace(one, labels=labels, value=value)
    yield from found.values()


def _joined(one: Measure, value: float) -> float:
    return max(one.value, value) if one.worst else one.value + value


class _Said(Collector):
    """The collected numbers, in the shape that the library wants."""

    def __init__(self, found: Iterable[Measure]) -> None:
        self._found = tuple(found)

    def describe(self) -> Iterable[Family]:
        """Nothing: the families are not known beforehand."""
        return ()

    def collect(self) -> Iterator[Family]:
        """One family for each name."""
        families: dict[str, Family] = {}
        for one in self._found:
            family = families.setdefault(one.name, _family(one))
            family.add_metric([*one.labels.values()], one.value)
        yield from families.values()


def _family(one: Measure) -> Family:
    kind = CounterMetricFamily if one.grows else GaugeMetricFamily
    made: Family = kind(one.name, one.meaning, labels=[*one.labels])
    return made

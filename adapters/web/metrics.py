"""The practices' numbers in Prometheus' text form, and the count of requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from adapters.web.office import Measure, Office

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_VERBS = frozenset({"GET", "HEAD", "POST"})
Family = CounterMetricFamily | GaugeMetricFamily


class Requests:
    """Counts what was asked: by the path's pattern, never by the path, which may hold a patient's link."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counter = Counter(
            "attitre_http_requests", "Requests answered.", ("path", "method", "status"), registry=self._registry
        )

    def count(self, pattern: str, method: str, status: int) -> None:
        """One more."""
        self._counter.labels(pattern, method if method in _VERBS else "other", str(status)).inc()

    def text(self) -> bytes:
        """Those numbers in text form."""
        return generate_latest(self._registry)


def exposition(offices: Sequence[Office], requests: Requests) -> bytes:
    """Everything, in text form. Raises Unavailable."""
    found = [measure for office in offices for measure in office.measures()]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Said(found))
    return generate_latest(registry) + requests.text()


class _Said(Collector):
    """Numbers that were read already, as the library wants to be given them."""

    def __init__(self, found: Iterable[Measure]) -> None:
        self._found = tuple(found)

    def describe(self) -> Iterable[Family]:
        """Nothing is fixed beforehand."""
        return ()

    def collect(self) -> Iterator[Family]:
        """A family a name."""
        families: dict[str, Family] = {}
        for one in self._found:
            family = families.setdefault(one.name, _family(one))
            family.add_metric([*one.labels.values()], one.value)
        yield from families.values()


def _family(one: Measure) -> Family:
    kind = CounterMetricFamily if one.grows else GaugeMetricFamily
    made: Family = kind(one.name, one.meaning, labels=[*one.labels])
    return made

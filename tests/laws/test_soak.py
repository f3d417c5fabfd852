"""The worker for weeks: thousands of passes over two living calendars while servers, gateways and the worker itself
fail at random. At the end nothing is lost and nothing was told twice.

`make test-long` plays 10,000 passes, the ordinary suite a short week of them with the same seed each time.
"""

import os
import random
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import settings

from rules.model import Channel
from tests.laws.meant import DENTISTS, slot_at
from tests.laws.test_engine_laws import Laws, template

__all__ = ["template"]

PASSES = 10_000 if settings.get_current_profile_name() == "long" else 100
SEED = int(os.environ.get("SOAK_SEED", "1"))
CROWDED = 25  # events; then she tidies up
Act = Callable[["Soak", random.Random], None]


class Soak(Laws):
    """The machine of the laws, played by dice: its days go on, so that she books in the coming ones."""

    passed = 0

    def slot(self, number: int) -> datetime:
        days = (self.now.date() - slot_at(0).date()).days
        return slot_at(number) + timedelta(days=max(days, 0) + 1)

    def one_pass(self) -> None:
        self.passed += 1
        super().one_pass()


def any_of(draw: random.Random) -> int:
    return draw.randrange(1000)


def soon(draw: random.Random) -> int | None:
    """Seconds until the worker passes; None where she goes on at once."""
    return draw.choice([None, 0, 60, 60, 300])


ACTS: dict[int, list[Act]] = {
    6: [
        lambda m, d: m.she_books(
            dentist=d.choice(DENTISTS), person=d.randrange(3), slot=d.randrange(24),
            kind=d.choice(["fine", "fine", "fine", "bad mobile", "consent"]), then=soon(d),
        ),
        lambda m, d: m.drags(number=any_of(d), slot=d.randrange(24), then=soon(d)),
        lambda m, d: m.the_worker_passes(seconds=d.choice([60, 60, 300, 1800])),
    ],
    3: [
        lambda m, d: m.corrects(number=any_of(d), then=soon(d)),
        lambda m, d: m.writes_a_comment(number=any_of(d), then=soon(d)),
        lambda m, d: m.deletes(number=any_of(d), then=soon(d)),
        lambda m, d: m.moves_to_the_other_dentist(number=any_of(d), same_uid=d.random() < 0.5, then=soon(d)),
        lambda m, d: m.the_server_errs(who=d.choice(DENTISTS), fault=d.randrange(7), then=soon(d)),
        lambda m, d: m.the_gateway_errs(channel=d.choice(list(Channel)), fault=d.randrange(4), then=soon(d)),
        lambda m, d: m.the_worker_dies(where=d.choice(["send", "commit", "apply", "get"]), nth=d.randint(1, 12)),
    ],
    1: [
        lambda m, d: m.annuls(number=any_of(d), then=soon(d)),
        lambda m, d: m.she_books_a_series(
            dentist=d.choice(DENTISTS), person=d.randrange(3), slot=d.randrange(24), weeks=d.randint(3, 6), then=soon(d)
        ),
        lambda m, d: m.copies(number=any_of(d), slot=d.randrange(24), then=soon(d)),
        lambda m, d: m.takes_our_block_out(number=any_of(d), then=soon(d)),
        lambda m, d: m.the_server_forgets_its_tokens(who=d.choice(DENTISTS), then=soon(d)),
        lambda m, d: m.the_server_repeats_itself(who=d.choice(DENTISTS), then=soon(d)),
        lambda m, d: m.the_server_buries_the_living(number=any_of(d), then=soon(d)),
        lambda m, d: m.time_passes(hours=d.choice([8, 24])),
        lambda m, d: m.the_worker_starts_anew(),
    ],
}  # fmt: skip
WEIGHED = [act for weight, acts in ACTS.items() for act in acts for _ in range(weight)]


def test_l4_l5_weeks_of_passes_with_faults_lose_no_event_and_tell_nothing_twice() -> None:
    draw = random.Random(SEED)
    soak = Soak()
    soak.a_practice(idempotent=True, there=[0, 1], rounds=SEED % 2 == 0, most=6)
    while soak.passed < PASSES:
        if soak.meant and len(soak.meant) < CROWDED:
            draw.choice(WEIGHED)(soak, draw)
        elif soak.meant:
            soak.deletes(number=any_of(draw), then=60)
        else:
            ACTS[6][0](soak, draw)
        soak.l1_her_text_is_hers()
    soak.l4_once()
    soak.teardown()

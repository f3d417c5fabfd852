"""What `-v` shows of a healthy pass: a line a step, with counts, and nothing that says who a patient is (law L8)."""

from datetime import timedelta

import structlog
from schedule import Scheduler

from sync.core.log import Log
from sync.worker.loop import Stop, Worker
from tests.office import Office

MINUTE = timedelta(minutes=1)


def test_l8_a_healthy_pass_is_a_line_a_step_with_counts_and_without_a_name(office: Office) -> None:
    office.passes()
    office.she_books("visite")
    with structlog.testing.capture_logs() as lines:
        office.passes(later=MINUTE)
    read = [line for line in lines if line["event"] == "calendar read"]
    assert {(line["dentist"], line["stored"], line["gone"]) for line in read} == {("martin", 1, 0), ("bernard", 0, 0)}
    done = {line["step"]: line["done"] for line in lines if line["event"] == "step" and line["done"]}
    assert done == {"judging": 1, "messages": 2, "writing": 1}
    for personal in ("DUPONT", "Marie", "06 12", "+33612", "marie@", "rue Verte", "étartrage", "visite"):
        assert personal not in str(lines)


def test_a_pass_without_work_says_so_in_one_line(office: Office) -> None:
    office.passes()
    with structlog.testing.capture_logs() as lines:
        office.passes(later=MINUTE)
    assert [line["event"] for line in lines] == ["calendar read", "calendar read", "nothing to do"]


def test_each_line_of_a_round_names_the_practice_whatever_thread_it_is_logged_in(office: Office) -> None:
    office.she_books("visite")
    with structlog.testing.capture_logs() as lines:
        worker = Worker(office.world, 60, Stop(), Scheduler())
        worker.turn()
        worker.end()
    assert {"calendar read", "step"} <= {line["event"] for line in lines}
    assert {line.get("practice") for line in lines} == {"lilas"}


def test_without_v_no_line_loads_what_writes_it() -> None:
    asked = []
    quiet = Log()
    quiet.prepared_by(lambda: asked.append("prepared"), verbose=False)
    quiet.info("step", step="judging", done=1)
    assert asked == []

"""Nobody's data is ever shown to another practice: every statement of the store carries the practice."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CompoundSelect, Delete, Insert, Select, Table, Update, event
from sqlalchemy.engine import Engine
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.visitors import iterate

import sync.store
from sync.store import tables
from tests.office import Office

STATEMENT = (Select, CompoundSelect, Insert, Update, Delete)
WORDS = {"select", "insert", "update", "delete"}
BASES = {"bookings._EVERY", "lease._STILL"}  # completed where they are used: the functions that do are looked at
PARTS = {"backlog._THEIRS"}  # of a statement that carries the practice
NO_PRACTICES = {"engine._create"}  # the schema's own number
ROOT = Path(sync.store.__file__).parent


def modules() -> Iterator[Any]:
    for found in pkgutil.iter_modules(sync.store.__path__):
        if found.name != "migrations":
            yield importlib.import_module(f"sync.store.{found.name}")


def inside(value: Any, depth: int = 0) -> Iterator[Any]:
    """The statements in a module's constant, whatever holds them."""
    if isinstance(value, STATEMENT):
        yield value
    elif depth < 4 and isinstance(value, dict):
        for one in value.values():
            yield from inside(one, depth + 1)
    elif depth < 4 and isinstance(value, tuple | list | set | frozenset):
        for one in value:
            yield from inside(one, depth + 1)


def prepared() -> Iterator[tuple[str, Any]]:
    for module in modules():
        for name, value in vars(module).items():
            for number, statement in enumerate(inside(value)):
                yield f"{module.__name__}.{name}[{number}]", statement


def bound_to_a_practice(statement: Any) -> bool:
    """Whether each of our tables that it reads or changes is narrowed to one practice: by the parameter itself, or by
    being joined on the practice's column. An insert has it among its values, which `Tx` fills."""
    if isinstance(statement, CompoundSelect):
        return all(bound_to_a_practice(one) for one in statement.selects)
    if isinstance(statement, Insert):
        return "practice" in statement.table.columns
    return any(isinstance(part, BindParameter) and part.key == "the_practice" for part in iterate(statement))


def base(name: str) -> bool:
    return name.removeprefix("sync.store.").partition("[")[0] in BASES | PARTS


def test_every_prepared_statement_carries_the_practice() -> None:
    found = dict(prepared())
    assert len(found) > 150
    assert [name for name, one in found.items() if not bound_to_a_practice(one) and not base(name)] == []


def makers(file: Path) -> Iterator[ast.FunctionDef]:
    """The functions that make statements while they run."""
    for function in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef):
            names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            if WORDS & names or BASES & {f"{file.stem}.{name}" for name in names}:
                yield function


def test_every_function_that_makes_a_statement_names_the_practice() -> None:
    nameless = set()
    for file in sorted(ROOT.glob("*.py")):
        for function in makers(file):
            text = ast.unparse(function)
            if "practice" not in text and "here(" not in text:
                nameless.add(f"{file.stem}.{function.name}")
    assert nameless == NO_PRACTICES


# --- as they are executed --------------------------------------------------------------------------------------------


@pytest.fixture
def executed() -> Iterator[list[Any]]:
    """Whatever is executed on our tables, with its parameters."""
    seen: list[Any] = []

    def note(_connection: Any, statement: Any, multi: Any, params: Any, _options: Any) -> None:
        if isinstance(statement, STATEMENT) and ours(statement):
            seen.append((statement, multi or [params]))

    event.listen(Engine, "before_execute", note)
    yield seen
    event.remove(Engine, "before_execute", note)


def ours(statement: Any) -> bool:
    parts = (*iterate(statement), getattr(statement, "table", None))
    return any(isinstance(part, Table) and part.metadata is tables.metadata for part in parts)


def carried(statement: Any, params: list[dict[str, Any]]) -> bool:
    values = {str(value) for row in params for name, value in row.items() if name in {"practice", "the_practice"}}
    values |= {str(part.value) for part in iterate(statement) if isinstance(part, BindParameter)}
    return "lilas" in values


def test_what_a_life_of_bookings_executes_carries_the_practice(office: Office, executed: list[Any]) -> None:
    office.she_books("e1")
    office.passes()
    office.she_books("e1", hour=11)
    office.passes()
    office.calendars["martin"].delete("e1.ics")
    for _ in range(3):
        office.turned += timedelta(minutes=2)
        office.passes()
    assert len(executed) > 100
    assert [str(statement) for statement, params in executed if not carried(statement, params)] == []

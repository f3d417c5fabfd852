"""The directory as a CSV file: what practice software exports, and what we give back
(docs/design.md#details-people-rely-on)."""

from adapters.patients.problems import LineProblem
from adapters.patients.reading import Import, Row, read_csv
from adapters.patients.writing import write_csv

__all__ = ["Import", "LineProblem", "Row", "read_csv", "write_csv"]

"""The schema of this version, and whether another version has made a newer one meanwhile."""

from __future__ import annotations

HEAD = "0023"
IS_NEWER = f"exists (select from alembic_version where version_num > '{HEAD}')"
"""In a statement on PostgreSQL: whether it is to be left to that version. A table of one row, in a statement that is
sent anyway."""

"""How an older gradebook becomes today's: ordered steps, each from one version to the next.

The table `schema` holds the version. A step describes its tables as they were when it was written and never changes
afterwards, so it uses nothing of `tables`. All steps that a book needs run in one transaction: it is old or new, never
between. To change the tables: write the step, raise `VERSION`, and let the test compare a migrated book with a new one.
"""

from collections.abc import Callable

import sqlalchemy as sa

VERSION = 3


def migrate(connection: sa.Connection, version: int) -> None:
    """Bring a gradebook from an older version to `VERSION`, within the connection's transaction."""
    for number in range(version + 1, VERSION + 1):
        STEPS[number](connection)
    connection.execute(sa.text("UPDATE schema SET version = :version"), {"version": VERSION})


def _marks_by_people(connection: sa.Connection) -> None:
    """Version 2: free-text answers, adjustments, extensions, hand marks, policies."""
    connection.execute(sa.text("ALTER TABLE attempts ADD COLUMN answers JSON DEFAULT '[]' NOT NULL"))
    made = {"author": sa.String(200), "made": sa.DateTime}
    who = {"student": sa.String(200), "day": sa.String(100)}
    hand = {"task": sa.String(200), "answer": sa.String(64), "points": sa.Double, "comment": sa.String}
    _create(connection, "adjustments", who | {"kind": sa.String(10), "points": sa.Double, "reason": sa.String} | made)
    _create(connection, "extensions", who | {"until": sa.DateTime, "reason": sa.String} | made, optional={"until"})
    _create(connection, "hand_marks", who | hand | made)
    _create(connection, "policies", {"text": sa.String} | made)


def _late_marks(connection: sa.Connection) -> None:
    """Version 3: what the school's system says about lateness, where it tells no time."""
    connection.execute(sa.text("ALTER TABLE submissions ADD COLUMN late BOOLEAN"))


def _create(connection: sa.Connection, name: str, columns: dict, optional: set[str] = frozenset()) -> None:
    """A table with a numbered key; columns may be empty only where that is said."""
    made = [sa.Column(column, kind, nullable=column in optional) for column, kind in columns.items()]
    sa.Table(name, sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *made).create(connection)


STEPS: dict[int, Callable[[sa.Connection], None]] = {2: _marks_by_people, 3: _late_marks}

"""Tables of the device ledger."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database

__all__ = ["create_finding_table", "create_ledger_tables", "create_news_table", "create_sight_table"]

_TABLES = """
CREATE TABLE device (
    zone TEXT NOT NULL,
    address TEXT NOT NULL,
    first_seen REAL NOT NULL,
    last_seen REAL NOT NULL,
    lasting INTEGER NOT NULL,
    facts TEXT NOT NULL,
    PRIMARY KEY (zone, address)
) WITHOUT ROWID;

CREATE TABLE asset (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    department TEXT NOT NULL,
    code TEXT NOT NULL,
    life TEXT NOT NULL,
    developer TEXT NOT NULL,
    product TEXT NOT NULL,
    version TEXT NOT NULL,
    registered_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    document TEXT NOT NULL,
    locked TEXT NOT NULL DEFAULT '[]'
);
CREATE UNIQUE INDEX asset_code ON asset (department, code) WHERE code != '';
CREATE INDEX asset_supply ON asset (developer, product, version);

CREATE TABLE asset_address (
    zone TEXT NOT NULL,
    address TEXT NOT NULL,
    asset INTEGER NOT NULL REFERENCES asset (id),
    PRIMARY KEY (zone, address)
) WITHOUT ROWID;
CREATE INDEX asset_address_asset ON asset_address (asset);

CREATE TABLE asset_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asset INTEGER NOT NULL REFERENCES asset (id),
    ts REAL NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    changes TEXT NOT NULL
);
CREATE INDEX asset_history_asset ON asset_history (asset);
CREATE TRIGGER asset_history_no_update BEFORE UPDATE ON asset_history
BEGIN SELECT RAISE(ABORT, 'the history of an asset only grows'); END;
CREATE TRIGGER asset_history_no_delete BEFORE DELETE ON asset_history
BEGIN SELECT RAISE(ABORT, 'the history of an asset only grows'); END;

CREATE TABLE asset_difference (
    kind TEXT NOT NULL,
    zone TEXT NOT NULL,
    address TEXT NOT NULL,
    about TEXT NOT NULL,
    first_ts REAL NOT NULL,
    PRIMARY KEY (kind, zone, address, about)
) WITHOUT ROWID;
"""


def create_ledger_tables(database: Database) -> None:
    """Make them, inside the caller's transaction."""
    statement = ""
    for line in _TABLES.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            database.conn.execute(statement)
            statement = ""


def create_sight_table(database: Database) -> None:
    """What a command saw and the daemon, which holds the devices in memory, has not taken up yet."""
    database.conn.execute(
        "CREATE TABLE asset_sight (id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL)"
    )


def create_finding_table(database: Database) -> None:
    """What was found of devices, in its order, for who follows it from outside."""
    database.conn.execute(
        "CREATE TABLE asset_finding (id INTEGER PRIMARY KEY AUTOINCREMENT, ts REAL NOT NULL, document TEXT NOT NULL)"
    )


def create_news_table(database: Database) -> None:
    """What begun or ended, until the alerts that it raised are committed."""
    database.conn.execute(
        "CREATE TABLE asset_news (id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL)"
    )

"""Tables of incidents. What must never change is kept so by triggers, whoever writes."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database

__all__ = ["create_incident_tables", "fix_identity_of_incidents", "keep_versions_of_rules"]

_TABLES = """
ALTER TABLE alert ADD COLUMN drill INTEGER NOT NULL DEFAULT 0;

CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    title_en TEXT,
    discovered_at REAL NOT NULL,
    discovered_by TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    severity INTEGER NOT NULL,
    level_suggested INTEGER NOT NULL,
    level_decided INTEGER,
    clauses TEXT NOT NULL DEFAULT '[]',
    facts TEXT NOT NULL DEFAULT '{}',
    category TEXT NOT NULL,
    zone TEXT,
    attacker TEXT,
    victim TEXT,
    first_ts REAL NOT NULL,
    last_ts REAL NOT NULL,
    alerts INTEGER NOT NULL DEFAULT 0,
    inhibited INTEGER NOT NULL DEFAULT 0,
    said INTEGER NOT NULL DEFAULT 0,
    findings INTEGER NOT NULL DEFAULT 0,
    storm INTEGER NOT NULL DEFAULT 0,
    assignee TEXT NOT NULL DEFAULT '',
    department TEXT NOT NULL DEFAULT '',
    responsible TEXT NOT NULL DEFAULT '',
    phone TEXT NOT NULL DEFAULT '',
    location TEXT NOT NULL DEFAULT '',
    system TEXT NOT NULL DEFAULT '',
    cii INTEGER NOT NULL DEFAULT 0,
    parent INTEGER REFERENCES incident(id),
    drill INTEGER NOT NULL DEFAULT 0,
    reported_at REAL,
    ended_at REAL
);
CREATE INDEX incident_count ON incident (drill, state, level_decided, level_suggested, severity);
CREATE INDEX incident_open ON incident (drill, state) WHERE ended_at IS NULL;
CREATE INDEX incident_state ON incident (state, id);
CREATE INDEX incident_level ON incident (coalesce(level_decided, level_suggested), id);
CREATE INDEX incident_severity ON incident (severity, id);
CREATE INDEX incident_category ON incident (category, id);
CREATE INDEX incident_department ON incident (department, id);
CREATE INDEX incident_assignee ON incident (assignee, id);
CREATE INDEX incident_attacker ON incident (attacker, id);
CREATE INDEX incident_victim ON incident (victim, id);
CREATE INDEX incident_discovered ON incident (discovered_at, id);
CREATE INDEX incident_parent ON incident (parent) WHERE parent IS NOT NULL;

CREATE TABLE incident_alert (
    incident INTEGER NOT NULL REFERENCES incident(id),
    alert INTEGER NOT NULL,
    PRIMARY KEY (incident, alert)
) WITHOUT ROWID;
CREATE UNIQUE INDEX incident_of_alert ON incident_alert (alert);

CREATE TABLE incident_key (
    key TEXT PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incident(id),
    last_ts REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX incident_key_of ON incident_key (incident);

CREATE TABLE incident_finding (
    incident INTEGER NOT NULL REFERENCES incident(id),
    fingerprint TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    title TEXT NOT NULL,
    title_en TEXT,
    severity INTEGER NOT NULL,
    src TEXT,
    dst TEXT,
    first_ts REAL NOT NULL,
    last_ts REAL NOT NULL,
    alerts INTEGER NOT NULL,
    PRIMARY KEY (incident, fingerprint)
) WITHOUT ROWID;

CREATE TABLE incident_rule (
    incident INTEGER NOT NULL REFERENCES incident(id),
    rule_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (incident, rule_id)
) WITHOUT ROWID;
CREATE TABLE rule_text (sha256 TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE incident_timeline (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incident(id),
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX incident_timeline_of ON incident_timeline (incident, id);

CREATE TABLE incident_attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incident(id),
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL
);
CREATE INDEX incident_attachment_of ON incident_attachment (incident, id);

CREATE TABLE incident_clock (
    incident INTEGER NOT NULL REFERENCES incident(id),
    clock TEXT NOT NULL,
    started_at REAL NOT NULL,
    due REAL NOT NULL,
    stage INTEGER NOT NULL DEFAULT 0,
    next_at REAL,
    met_at REAL,
    PRIMARY KEY (incident, clock)
) WITHOUT ROWID;
CREATE INDEX incident_clock_next ON incident_clock (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX incident_clock_running ON incident_clock (due) WHERE met_at IS NULL;

CREATE TABLE silence (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    matchers TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    alerts INTEGER NOT NULL DEFAULT 0,
    last_ts REAL
);

CREATE TABLE incident_tally (
    key TEXT PRIMARY KEY,
    number INTEGER NOT NULL,
    since REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE incident_account (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO incident_account SELECT 'position', coalesce(max(rowid), 0) FROM alert;
"""

_GUARDS = """
CREATE TRIGGER incident_discovered_at BEFORE UPDATE OF discovered_at ON incident
WHEN new.discovered_at IS NOT old.discovered_at
BEGIN SELECT raise(ABORT, 'discovered_at never changes'); END;

CREATE TRIGGER incident_kept BEFORE DELETE ON incident
BEGIN SELECT raise(ABORT, 'incidents are kept'); END;

CREATE TRIGGER incident_not_replaced BEFORE INSERT ON incident
WHEN EXISTS (SELECT 1 FROM incident WHERE id = new.id OR number = new.number)
BEGIN SELECT raise(ABORT, 'incidents are kept'); END;
"""

_ONLY_GROWS = """
CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table}
BEGIN SELECT raise(ABORT, '{table} only grows'); END;
CREATE TRIGGER {table}_kept BEFORE DELETE ON {table}
BEGIN SELECT raise(ABORT, '{table} only grows'); END;
CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE id = new.id)
BEGIN SELECT raise(ABORT, '{table} only grows'); END;
"""


def create_incident_tables(db: Database) -> None:
    """Make them; alerts from before are not grouped."""
    # INSERT OR REPLACE deletes without asking delete triggers: hence those on INSERT.
    guards = "".join(
        _ONLY_GROWS.format(table=table) for table in ("incident_timeline", "incident_attachment")
    )
    for statement in _statements(_TABLES + _GUARDS + guards):
        db.execute(statement)


def fix_identity_of_incidents(db: Database) -> None:
    """`UPDATE OR REPLACE` gives one incident the id or number of another, which goes unasked."""
    db.execute(
        "CREATE TRIGGER incident_identity BEFORE UPDATE OF id, number ON incident"
        " WHEN new.id IS NOT old.id OR new.number IS NOT old.number"
        " BEGIN SELECT raise(ABORT, 'incidents are kept'); END"
    )


def keep_versions_of_rules(db: Database) -> None:
    """A rule that is changed while its incident is open is evidence in every text that fired."""
    for statement in _statements(_VERSIONS):
        db.execute(statement)


_VERSIONS = """
CREATE TABLE incident_rule_version (
    incident INTEGER NOT NULL REFERENCES incident(id),
    rule_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    kept_at REAL NOT NULL,
    PRIMARY KEY (incident, rule_id, sha256)
) WITHOUT ROWID;
INSERT INTO incident_rule_version SELECT r.incident, rule_id, sha256, discovered_at FROM incident_rule r
    JOIN incident i ON i.id = r.incident;
DROP TABLE incident_rule;
ALTER TABLE incident_rule_version RENAME TO incident_rule;
"""


def _statements(script: str) -> list[str]:
    """One by one: `executescript` would commit what the migration has not finished."""
    statements, part = [], ""
    for line in script.splitlines():
        part += line + "\n"
        if sqlite3.complete_statement(part):
            statements.append(part)
            part = ""
    return statements

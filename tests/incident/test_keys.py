"""Keys of open incidents stay within their limit, and what is still going on keeps its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sentinel.incident import Grouping, IncidentSettings
from sentinel.incident.grouping import KEYS_FORGOTTEN, accounts
from sentinel.incident.keys import Keys
from tests.incident.conftest import NOW


def number(connection: Any) -> int:
    return int(connection.execute("SELECT count(*) FROM incident_key").fetchone()[0])


def group(connection: Any, grouping: Grouping) -> None:
    while grouping.advance(connection, 20, NOW + 2)[0]:
        pass


def strangers(day: int, many: int) -> list[dict[str, Any]]:
    """Attacks of one day from different places on different machines."""
    return [
        {"ts": NOW + day * 86400 + n, "src": f"198.51.{day}.{n}", "dst": f"10.{day}.0.{n}"}
        for n in range(many)
    ]


def test_incidents_that_nobody_closes_do_not_add_up(connection: Any, put: Callable[..., None]) -> None:
    limit = 100
    grouping = Grouping(IncidentSettings(keys=limit, storm=1000))
    for day in range(10):
        put(*strangers(day, 15))
        group(connection, grouping)
        assert number(connection) <= limit
    assert connection.execute("SELECT count(*) FROM incident WHERE ended_at IS NULL").fetchone()[0] == 150
    assert accounts(connection)[KEYS_FORGOTTEN] == 10 * 15 * 3 - number(connection)
    latest = "SELECT min(last_ts) FROM incident WHERE id IN (SELECT incident FROM incident_key)"
    assert connection.execute(latest).fetchone()[0] > NOW + 7 * 86400, "the oldest give way"


def test_what_goes_on_stays_one_incident_while_others_give_way(
    connection: Any, put: Callable[..., None]
) -> None:
    grouping = Grouping(IncidentSettings(keys=40, storm=1000))
    for minute in range(20):
        ts = NOW + 60 * minute
        put(
            {"ts": ts, "src": f"198.51.100.{minute}", "dst": f"10.2.0.{minute}"},
            {"ts": ts + 1, "src": "203.0.113.5", "dst": "10.1.0.9"},
        )
        group(connection, grouping)
    one = "SELECT count(*), sum(alerts) FROM incident WHERE attacker = '203.0.113.5'"
    assert connection.execute(one).fetchone() == (1, 20)
    assert accounts(connection)[KEYS_FORGOTTEN] > 0


def test_an_incident_keeps_its_keys_where_it_is_the_only_one(
    connection: Any, put: Callable[..., None]
) -> None:
    grouping = Grouping(IncidentSettings(keys=5))
    put(*({"dst": f"10.1.0.{n}"} for n in range(10)))
    group(connection, grouping)
    assert connection.execute("SELECT count(*) FROM incident").fetchone() == (1,)
    assert KEYS_FORGOTTEN not in accounts(connection)


def test_room_that_was_made_in_a_transaction_taken_back_is_made_again(
    connection: Any, put: Callable[..., None]
) -> None:
    group(connection, Grouping(IncidentSettings(storm=1000)))
    put(*strangers(0, 10))
    group(connection, Grouping(IncidentSettings(storm=1000)))
    keys = Keys(20)
    connection.execute("BEGIN")
    assert keys.make_room(connection) == 12
    connection.execute("ROLLBACK")
    assert number(connection) == 30
    assert keys.make_room(connection) == 12
    assert number(connection) == 18
    assert keys.make_room(connection) == 0

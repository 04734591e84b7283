"""The ledger's bench measures what it says: every bad cell is meant to be bad, and the flood is one."""

from __future__ import annotations

from bench.ledger import flood, messy
from sentinel.ledger.form import Headings, clean
from sentinel.ledger.intake import plan
from sentinel.ledger.sheet import Sheet


def test_the_messy_register_is_wrong_where_it_says_and_nowhere_else() -> None:
    table, wrong = messy(200)
    made = plan([Sheet("s", [[clean(cell) for cell in row] for row in table])], [], Headings())
    assert {one.cell for one in made.bad} == wrong and len(wrong) == 23
    assert len(made.adds) == 200 - 23 and not made.conflicts


def test_a_flood_fills_the_table_and_pushes_out_no_registered_device() -> None:
    figures = {figure.what.strip(): figure.value for figure in flood(500, 20_000)}
    assert figures["devices held under forged addresses, of the table's"] == 1
    assert figures["registered devices pushed out"] == 0
    assert figures["pushed out"] > 10_000

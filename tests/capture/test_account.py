import dataclasses
import json

import pytest

from sentinel.capture.account import UNDECODABLE, PacketAccount


def busy() -> PacketAccount:
    account = PacketAccount(received=100, processed=60, filtered=10, dropped=20, shed=5)
    account.refuse("truncated", 3)
    account.refuse("too_deep")
    account.refuse("unknown_link")
    return account


def test_new_account_is_balanced_and_names_every_reason() -> None:
    account = PacketAccount()
    assert account.balanced()
    assert (
        set(account.undecodable) == {"truncated", "malformed", "unknown_link", "too_deep"} == set(UNDECODABLE)
    )


def test_every_fate_counts_towards_the_balance() -> None:
    account = busy()
    assert account.balanced()
    for name in ("processed", "filtered", "dropped", "shed"):
        assert not dataclasses.replace(account, **{name: getattr(account, name) + 1}).balanced()
    account.refuse("malformed")
    assert not account.balanced()


def test_unknown_reason_is_refused() -> None:
    with pytest.raises(KeyError):
        PacketAccount().refuse("bored")


def test_add_sums_and_keeps_balance_and_the_other() -> None:
    total, part = busy(), busy()
    total.add(part)
    assert total.received == 200
    assert total.undecodable["truncated"] == 6
    assert total.balanced()
    assert part == busy()


def test_since_is_the_difference() -> None:
    account = busy()
    before = account.copy()
    account.add(busy())
    assert account.since(before) == busy()
    assert before == busy()


def test_as_dict_is_plain() -> None:
    account = busy()
    assert json.loads(json.dumps(account.as_dict()))["undecodable"]["too_deep"] == 1
    account.as_dict()["undecodable"]["too_deep"] = 99  # type: ignore[index]
    assert account.undecodable["too_deep"] == 1


def test_fates_sum_to_received() -> None:
    account = busy()
    assert sum(account.by_fate().values()) == account.received
    assert account.by_fate()["undecodable", "truncated"] == 3

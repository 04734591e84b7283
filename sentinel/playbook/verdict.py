"""What people's answers come to: whether they agreed, and whether an answer is one of those that may be given."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from sentinel.playbook.document import Approval
from sentinel.playbook.journal import Answer
from sentinel.text import Message

__all__ = ["in_freeze", "is_choice", "verdict"]


def verdict(answers: Sequence[Answer], approval: Approval, expired: bool) -> str | None:
    """None while undecided, empty for yes, otherwise why not."""
    for answer in answers:
        if answer.decision == "reject":
            return str(Message("playbook.rejected", person=answer.person, note=answer.value or "-"))
    agreed = {answer.person for answer in answers if answer.decision == "approve"}
    if len(agreed) >= approval.persons:
        return ""
    if not expired:
        return None
    return "" if approval.default == "approve" else str(Message("playbook.expired"))


def in_freeze(approval: Approval | None) -> Approval:
    """While changes are frozen the person in charge agrees to each, and silence is no agreement."""
    return structs.replace(approval or Approval(), role="in_charge", default="reject")


def is_choice(answer: Answer, choices: Sequence[str]) -> bool:
    """Whether it is one of those that may be given: a slip of the pen must not lead down the other way."""
    return not choices or answer.decision != "done" or answer.value.strip() in choices

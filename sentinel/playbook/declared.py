"""Arguments of declared forms: the only way in which a playbook's values reach a program or a device."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sentinel.playbook.fault import ActionFailed
from sentinel.text import Message

__all__ = ["declared_arguments"]


def declared_arguments(name: str, forms: Sequence[str], given: Sequence[Any]) -> list[str]:
    """`given` as texts, each of which matches its form whole. Raises ActionFailed, naming whose arguments they are."""
    written = [str(argument) for argument in given]
    if len(written) != len(forms):
        raise ActionFailed(Message("playbook.bad-argument", name=name, got=len(written)))
    for form, argument in zip(forms, written, strict=True):
        if "\0" in argument or not re.fullmatch(form, argument):
            raise ActionFailed(Message("playbook.bad-argument", name=form, got=argument[:80]))
    return written

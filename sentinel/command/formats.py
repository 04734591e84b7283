"""`sentinel formats`: which log formats there are, whether each reads its own samples, and whether any line stops it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sentinel.command.configuration import chosen_config, complain
from sentinel.config import ConfigError
from sentinel.intake.catalogue import Catalogue
from sentinel.intake.hostile import stuck_at
from sentinel.intake.sample import differences
from sentinel.text import current_language, text

__all__ = ["run"]


def run(options: argparse.Namespace) -> int:
    """Exit 0: all is as it should be; 1: a format is refused, or reads a sample otherwise; 2: no configuration."""
    try:
        config = chosen_config(options)
    except ConfigError as error:
        return complain(error)
    catalogue = Catalogue.load([Path(folder) for folder in config.intake.formats])
    for problem in catalogue.problems:
        print(text("cli.warning", message=text("replay.bad-format", problem=problem)), file=sys.stderr)
    sound = _list(catalogue) if options.action == "list" else _test(catalogue)
    return 0 if sound and not catalogue.problems else 1


def _list(catalogue: Catalogue) -> bool:
    width = max(map(len, catalogue.formats))
    for name, format in sorted(catalogue.formats.items()):
        declaration = format.declaration
        print(f"{name:{width}}  {declaration.about if current_language() == 'zh' else declaration.about_en}")
    return True


def _test(catalogue: Catalogue) -> bool:
    samples = wrong = 0
    for name, format in sorted(catalogue.formats.items()):
        for number, sample in enumerate(format.declaration.samples, 1):
            samples += 1
            found = list(differences(catalogue, format.declaration, sample))
            wrong += bool(found)
            for difference in found:
                print(text("formats.differs", name=name, number=number, difference=difference))
        stuck = stuck_at(format) if name in catalogue.own else None
        if stuck is not None:
            wrong += 1
            print(text("formats.stuck", name=name, letters=stuck[0], beginning=stuck[1]))
    print(text("formats.tested", formats=len(catalogue.formats), samples=samples, wrong=wrong))
    return not wrong

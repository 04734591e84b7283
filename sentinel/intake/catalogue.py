"""All formats: those that come with us and those of the site, and which of them a record may be of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from sentinel.intake.condition import PATH
from sentinel.intake.declaration import Declaration
from sentinel.intake.format import Format, FormatError

__all__ = ["Catalogue", "FormatProblem", "read_declarations"]

SHIPPED: Final = Path(__file__).parent / "formats"
_SIGNATURES: Final = 4096
_MOST_NAMES: Final = 256
_LONGEST_NAME: Final = 64
"""Records of more or longer names are not remembered: a stranger chooses them."""


class FormatProblem(msgspec.Struct, frozen=True):
    """Why a format file, or one format of it, is not used."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


def read_declarations(path: Path) -> tuple[list[Declaration], list[FormatProblem]]:
    """The formats of one file: YAML documents, one format each."""
    declarations: list[Declaration] = []
    problems: list[FormatProblem] = []
    try:
        documents = list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=_LOADER))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return [], [FormatProblem(path, " ".join(str(error).split()))]
    for document in documents:
        if document is None:
            continue
        try:
            declarations.append(msgspec.convert(document, Declaration))
        except msgspec.ValidationError as error:
            problems.append(FormatProblem(path, str(error)))
    return declarations, problems


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Catalogue:
    """Formats by how they are found. A later format takes the place of an earlier one of its name."""

    def __init__(
        self,
        declarations: Iterable[Declaration],
        problems: Sequence[FormatProblem] = (),
        own: Iterable[str] = (),
    ) -> None:
        self.problems = list(problems)
        self.own = frozenset(own)
        """Names of the site's formats."""
        self.formats: dict[str, Format] = {}
        for declaration in declarations:
            try:
                self.formats[declaration.name] = Format(declaration)
            except FormatError as error:
                self.problems.append(FormatProblem(Path(), str(error)))
        self._by_program: dict[str, list[Format]] = {}
        self._texts: list[Format] = []
        self._objects: list[Format] = []
        self._signatures: dict[tuple[str, ...], list[Format]] = {}
        for format in self.formats.values():
            for program in format.programs:
                self._by_program.setdefault(program, []).append(format)
            if format.declaration.read == "json":
                if format.keys or format.declaration.recognise.values:
                    self._objects.append(format)
            elif not format.programs or format.declaration.alone:
                self._texts.append(format)

    @classmethod
    def load(cls, folders: Sequence[Path] = ()) -> Catalogue:
        """The shipped formats and those in `folders` (`*.yaml`, `*.yml`). Bad ones end up in `problems`."""
        declarations: list[Declaration] = []
        problems: list[FormatProblem] = []
        own: list[str] = []
        for folder in (SHIPPED, *folders):
            for path in sorted(path for path in folder.rglob("*.y*ml") if path.suffix in (".yaml", ".yml")):
                more, wrong = read_declarations(path)
                declarations += more
                problems += wrong
                if folder != SHIPPED:
                    own += (declaration.name for declaration in more)
        return cls(declarations, problems, own)

    def of_program(self, program: str) -> Sequence[Format]:
        """The formats of a syslog program's messages."""
        return self._by_program.get(program.lower(), ())

    def of_text(self) -> Sequence[Format]:
        """The formats that any line may be of."""
        return self._texts

    def of_object(self, fields: dict[str, Any]) -> Sequence[Format]:
        """The formats that a JSON record may be of: those whose keys it has."""
        signature = tuple(fields) if len(fields) <= _MOST_NAMES else ()
        found = self._signatures.get(signature)
        if found is None:
            found = [
                format
                for format in self._objects
                if all(
                    key.startswith(PATH) or key.partition(".")[0] in fields or key in fields
                    for key in format.keys
                )
            ]
            if signature and max(map(len, signature)) <= _LONGEST_NAME:
                if len(self._signatures) >= _SIGNATURES:
                    self._signatures.clear()
                self._signatures[signature] = found
        return found

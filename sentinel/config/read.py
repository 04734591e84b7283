"""From YAML to the tree, keeping the place of every value, and finding all that is wrong at once."""

from __future__ import annotations

import dataclasses
import difflib
import typing
from pathlib import Path
from typing import Any

import yaml

from sentinel.config.finding import ConfigError, Finding
from sentinel.config.path import resolve_paths
from sentinel.config.relation import related
from sentinel.config.scalar import Rejected, read_scalar
from sentinel.config.tree import Config
from sentinel.rule import RuleSettings
from sentinel.text import Message

__all__ = ["load_config", "rule_settings"]


def load_config(path: Path | str) -> Config:
    """The configuration in the file `path`; what it leaves out has its default.

    Raises ConfigError with every finding. Nothing but the file has a say: no environment variable.
    """
    path = Path(path)
    reader = _Reader(path)
    config = reader.config()
    if reader.findings:
        findings = sorted(reader.findings, key=lambda finding: (finding.line, finding.column))
        raise ConfigError(findings, config if reader.composed else None)
    return config


def rule_settings(config: Config) -> RuleSettings:
    """The section `rule` as the configuration's file has it now. Raises ConfigError, whatever section is wrong."""
    return config.rule if config.file is None else load_config(config.file).rule


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.absolute().parent
        self.findings: list[Finding] = []
        self.places: dict[str, yaml.Mark] = {}
        self.composed = False
        """Whether the file could be read and is YAML."""

    def config(self) -> Config:
        node = self._document()
        if node is None:
            return resolve_paths(Config(root=self.root, file=self.path.absolute()))
        config: Config = self._tree(Config, node, "") or Config()
        for key, message in related(config):
            self._find(self.places.get(key) or node.start_mark, message)
        return resolve_paths(dataclasses.replace(config, root=self.root, file=self.path.absolute()))

    def _document(self) -> yaml.Node | None:
        try:
            content = self.path.read_bytes().decode("utf-8-sig")
        except OSError as error:
            reason = error.strerror or str(error)
            self._find(None, Message("config.unreadable", reason=reason))
            return None
        except UnicodeDecodeError as error:
            self._find(None, Message("config.not-utf8", position=error.start))
            return None
        try:
            node = yaml.compose(content, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._find(mark, Message("config.yaml", problem=error.problem or error.context))
        except (yaml.YAMLError, RecursionError) as error:
            self._find(None, Message("config.yaml", problem=str(error).split("\n")[0]))
        else:
            self.composed = True
            return node
        return None

    def _tree(self, kind: Any, node: yaml.Node, at: str) -> Any:
        """An instance of the dataclass `kind`; what is wrong in `node` keeps its default."""
        if not isinstance(node, yaml.MappingNode):
            if _is_null(node) and at == "":
                return kind()
            self._wrong_type(node, at, Message("config.type.mapping"))
            return None
        hints = typing.get_type_hints(kind)
        keys = {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.metadata.get("key", True)}
        values: dict[str, Any] = {}
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if not isinstance(key_node, yaml.ScalarNode) or key not in keys:
                self._unknown(key_node, at, keys)
            elif key in seen:
                self._find(key_node.start_mark, Message("config.duplicate-key", key=at + key))
            else:
                seen.add(key)
                self.places[at + key] = value_node.start_mark
                value = self._value(keys[key], value_node, at + key)
                if value is not None:
                    values[key] = value
        return self._made(kind, node, at, values)

    def _made(self, kind: Any, node: yaml.Node, at: str, values: dict[str, Any]) -> Any:
        missing = [
            f.name
            for f in dataclasses.fields(kind)
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        absent = [name for name in missing if name not in values]
        given = {key.value for key, _ in node.value}
        for name in absent:
            if name not in given:
                self._find(node.start_mark, Message("config.missing-key", key=at + name))
        return None if absent else kind(**values)

    def _value(self, hint: Any, node: yaml.Node, at: str) -> Any:
        if dataclasses.is_dataclass(hint):
            return self._tree(hint, node, at + ".")
        if typing.get_origin(hint) is tuple:
            return self._list(typing.get_args(hint)[0], node, at)
        return self._scalar(hint, node, at)

    def _list(self, hint: Any, node: yaml.Node, at: str) -> tuple[Any, ...] | None:
        if not isinstance(node, yaml.SequenceNode):
            self._wrong_type(node, at, Message("config.type.list"))
            return None
        values = []
        for number, item in enumerate(node.value):
            self.places[f"{at}[{number}]"] = item.start_mark
            value = (
                self._tree(hint, item, at + ".")
                if dataclasses.is_dataclass(hint)
                else self._scalar(hint, item, at)
            )
            if value is not None:
                values.append(value)
        return tuple(values)

    def _scalar(self, hint: type, node: yaml.Node, at: str) -> Any:
        try:
            return read_scalar(hint, node, at, self.root)
        except Rejected as rejected:
            self._find(node.start_mark, rejected.message)
            return None

    def _unknown(self, node: yaml.Node, at: str, keys: dict[str, Any]) -> None:
        key = str(node.value) if isinstance(node, yaml.ScalarNode) else "?"
        near = difflib.get_close_matches(key, keys, 1, 0.6)
        if near:
            message = Message("config.unknown-key-near", key=at + key, near=near[0])
        else:
            message = Message("config.unknown-key", key=at + key, keys=", ".join(keys))
        self._find(node.start_mark, message)

    def _wrong_type(self, node: yaml.Node, at: str, expected: Message) -> None:
        message = Message(
            "config.wrong-type", key=at.rstrip(".") or self.path.name, expected=expected, got=_shown(node)
        )
        self._find(node.start_mark, message)

    def _find(self, mark: yaml.Mark | None, message: Message) -> None:
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        self.findings.append(Finding(self.path, line, column, message))


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _shown(node: yaml.Node) -> Message | str:
    if isinstance(node, yaml.MappingNode):
        return Message("config.type.mapping")
    if isinstance(node, yaml.SequenceNode):
        return Message("config.type.list")
    return Message("config.type.nothing") if _is_null(node) else str(node.value)[:60]

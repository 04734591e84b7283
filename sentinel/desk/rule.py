"""The desk of the rules: loads them, takes over changed ones, keeps the former where the new are not right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sentinel.config import Config, ConfigError, rule_settings
from sentinel.log import Log
from sentinel.metrics import Metrics
from sentinel.rule import ReloadRefused, RuleSet, reload_rules, rules_on_disk
from sentinel.watch import Watch

__all__ = ["RuleDesk"]

_log = Log("agent")


class RuleDesk:
    """`load` first; `follow` is a task of the owner's. `taken` is called when other rules are in force."""

    def __init__(
        self,
        config: Config,
        watch: Watch,
        metrics: Metrics,
        taken: Callable[[], None],
        load: Callable[..., RuleSet] = RuleSet.load,
        frozen: Callable[[], bool] = lambda: False,
    ) -> None:
        self._config = config
        self._frozen = frozen
        self._settings = config.rule
        self._watch = watch
        self._metrics = metrics
        self._taken = taken
        self._load = load
        self._changed = asyncio.Event()
        """Someone says that rules changed."""
        self._seen = ""
        """The state of the files of the rules that run, or of those last refused."""
        self._held_back = ""
        """The state of files that wait for the end of a freeze."""

    def reload(self) -> None:
        """Look at the rules on disk now; good ones take the place of those that run."""
        self._changed.set()

    def text_of(self, rule_id: str) -> str | None:
        """The text of a rule as it is on disk now; None where there is none, or it cannot be read."""
        rules = self._watch.rules
        rule = next((rule for rule in rules.rules if rule.id == rule_id), None) if rules is not None else None
        if rule is None:
            return None
        try:
            return rule.path.read_text("utf-8")
        except (OSError, ValueError):
            return None

    async def load(self) -> None:
        """The workers compile the rules for themselves; here they are named and counted once."""
        self._seen = await self._see()
        rules = await asyncio.to_thread(self._load, self._settings, self._config.root)
        for problem in rules.problems:
            if not problem.informational:
                _log.warning("agent.rule-problem", problem=problem)
        self._take(rules)

    async def follow(self) -> None:
        """Take over rules that were changed on disk: on demand, or once their files have lain still for a while.

        While changes are frozen, on demand only.
        """
        seen = self._seen
        while True:
            asked = await self._told_of_changes(self._settings.reload_interval)
            before, seen = seen, await self._see()
            if not asked and (seen == self._seen or seen != before):
                continue
            if not asked and self._frozen():
                self._hold_back(seen)
                continue
            self._seen = seen
            await self._reload()

    def _hold_back(self, seen: str) -> None:
        """Changes are frozen (变更冻结): what was changed waits for the end, or for someone who demands it."""
        if seen != self._held_back:
            self._held_back = seen
            _log.warning("agent.rules-frozen")

    async def _told_of_changes(self, seconds: float) -> bool:
        """Wait until someone says that rules changed, or for so long (0: for ever)."""
        try:
            async with asyncio.timeout(seconds or None):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    async def _reload(self) -> None:
        try:
            settings = await asyncio.to_thread(rule_settings, self._config)
            rules = await asyncio.to_thread(
                reload_rules, settings, self._config.root, self._watch.rules, self._load
            )
        except (ConfigError, ReloadRefused) as error:
            problems = error.findings if isinstance(error, ConfigError) else error.problems
            for problem in problems:
                _log.warning("agent.rule-problem", problem=problem)
            _log.error("agent.rules-kept", number=len(problems))
            self._metrics.rules.reloaded(taken=False)
            return
        self._settings = settings
        self._watch.follow(settings)
        self._take(rules)
        self._metrics.rules.reloaded(taken=True)
        _log.info("agent.rules-taken", number=len(rules.rules))
        self._taken()

    async def _see(self) -> str:
        """The state of all files that say which rules run, and how."""
        file, root = self._config.file, self._config.root
        more = () if file is None else (file,)
        return await asyncio.to_thread(rules_on_disk, self._settings, root, more)

    def _take(self, rules: RuleSet) -> None:
        refused = [problem for problem in rules.problems if not problem.informational]
        self._watch.rules = rules
        self._metrics.rules.in_force(len(rules.rules), len(refused), [rule.id for rule in rules.rules])

"""Flows: the table, TCP reassembly, verdicts, `conn` events, Community ID."""

from sentinel.flow.record import Shedding, Verdict, Work
from sentinel.flow.settings import FlowSettings, ZoneSettings
from sentinel.flow.table import FlowTable, Step

__all__ = ["FlowSettings", "FlowTable", "Shedding", "Step", "Verdict", "Work", "ZoneSettings"]

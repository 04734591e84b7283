"""Flows: the table, TCP reassembly, verdicts, `conn` events, Community ID."""

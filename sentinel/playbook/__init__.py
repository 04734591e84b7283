"""Playbooks: steps that the daemon and people take when something happened, journaled so that none is lost or done twice."""

"""Incidents: alerts grouped into what a person handles, graded, owned and timed."""

from sentinel.incident.change import Change, ChangeKind, Role
from sentinel.incident.fault import IncidentError
from sentinel.incident.grade import Grading
from sentinel.incident.grouping import Grouping
from sentinel.incident.handling import Handling
from sentinel.incident.incident import Incident, find_incident
from sentinel.incident.settings import ClockSettings, IncidentSettings, InhibitSettings
from sentinel.incident.state import State

__all__ = [
    "Change",
    "ChangeKind",
    "ClockSettings",
    "Grading",
    "Grouping",
    "Handling",
    "Incident",
    "IncidentError",
    "IncidentSettings",
    "InhibitSettings",
    "Role",
    "State",
    "find_incident",
]

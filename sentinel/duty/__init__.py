"""The duty desk (值班): the roster and who is on duty, patrol records, and reports from real counts."""

from sentinel.duty.book import DutyBook
from sentinel.duty.fault import DutyError
from sentinel.duty.guard import GuardPeriod, GuardPeriods
from sentinel.duty.handover import Answer, Check, Handover, OpenItem
from sentinel.duty.handover_book import HandoverBook
from sentinel.duty.patrol import Patrol, PatrolResult
from sentinel.duty.period import Period
from sentinel.duty.roster import Person, Role, Roster, Shift, StandIn
from sentinel.duty.settings import DutySettings
from sentinel.duty.summary import Incidents, Summary, summarise

__all__ = [
    "Answer",
    "Check",
    "DutyBook",
    "DutyError",
    "DutySettings",
    "GuardPeriod",
    "GuardPeriods",
    "Handover",
    "HandoverBook",
    "Incidents",
    "OpenItem",
    "Patrol",
    "PatrolResult",
    "Period",
    "Person",
    "Role",
    "Roster",
    "Shift",
    "StandIn",
    "Summary",
    "summarise",
]

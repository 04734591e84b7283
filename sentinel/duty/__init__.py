"""The duty desk (值班): the roster and who is on duty, patrol records, and reports from real counts."""

from sentinel.duty.book import DutyBook
from sentinel.duty.fault import DutyError
from sentinel.duty.guard import GuardPeriod, GuardPeriods
from sentinel.duty.handover import Answer, Check, Handover, OpenItem
from sentinel.duty.handover_book import HandoverBook
from sentinel.duty.patrol import Patrol, PatrolResult
from sentinel.duty.period import Period
from sentinel.duty.plan import PatrolPlan
from sentinel.duty.reminder import Reminder
from sentinel.duty.roster import Person, Role, Roster, Shift, StandIn
from sentinel.duty.settings import DutySettings, ZeroReportSettings
from sentinel.duty.summary import Incidents, Summary, summarise
from sentinel.duty.zero_report import ZeroReport, ZeroReportBook

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
    "PatrolPlan",
    "PatrolResult",
    "Period",
    "Person",
    "Reminder",
    "Role",
    "Roster",
    "Shift",
    "StandIn",
    "Summary",
    "ZeroReport",
    "ZeroReportBook",
    "ZeroReportSettings",
    "summarise",
]

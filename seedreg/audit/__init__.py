"""Audits: many entries in one or more environments, each check stored before it is reported."""

from __future__ import annotations

from seedreg.audit.auditor import Auditor as Auditor
from seedreg.audit.events import ColumnFailed as ColumnFailed
from seedreg.audit.events import ColumnStarted as ColumnStarted
from seedreg.audit.events import Event as Event
from seedreg.audit.history import AuditHistory as AuditHistory
from seedreg.audit.selection import AuditSelection as AuditSelection

__all__ = ["AuditHistory", "AuditSelection", "Auditor", "ColumnFailed", "ColumnStarted", "Event"]

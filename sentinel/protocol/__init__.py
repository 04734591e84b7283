"""Protocols: one file each, all of one shape (`Analyzer`)."""

from sentinel.protocol.analyzer import Analyzer, Emit, Endpoints
from sentinel.protocol.settings import ProtocolSettings

__all__ = ["Analyzer", "Emit", "Endpoints", "ProtocolSettings"]

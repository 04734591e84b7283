"""Actions: one file each."""

from sentinel.playbook.action.act import Act, Call, Parameter, Result

__all__ = ["Act", "Call", "Parameter", "Result"]

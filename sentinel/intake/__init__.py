"""Intake: records of other programs' logs become events. See `docs/intake.md`."""

"""`sensor`: one reading of a machine room's sensor: temperature, humidity, water, UPS, door (our own kind)."""

from __future__ import annotations

from typing import ClassVar

from sentinel.event.event import Event

__all__ = ["Sensor"]


class Sensor(Event, kw_only=True):
    """One reading, in the words of the configuration: rules need not know the maker of a sensor."""

    kind: ClassVar[str] = "sensor"

    source: str
    """Name of the configured source."""
    topic: str
    """MQTT topic that it came under."""
    place: str
    """Where the sensor is; the topic, where the configuration does not say."""
    reading: str
    """What is read: `temperature`, `humidity`, `water`, `ups`, `door` …"""
    value: float | None = None
    """As a number in `unit`; a boolean is 1 or 0. Absent where it is a word."""
    state: str | None = None
    """As a word in lower case: what the configuration calls the value (`open`), else the sensor's own word."""
    unit: str | None = None
    """`℃`, `%RH` …"""
    time: str
    """`ts` at the source's place, ISO 8601 with its offset: rules ask `time|hour` for the hour of the day there."""
    retained: bool = False
    """The broker's last known reading, told on subscribing: not something that happened now."""

    @property
    def resp_h(self) -> str:
        """What an alert is about."""
        return self.place

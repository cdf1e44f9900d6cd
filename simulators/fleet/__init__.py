"""A simulated device for every device of a site, speaking its real protocol over real sockets."""

from simulators.fleet.live import Counted, LiveFleet
from simulators.fleet.pace import Pace, WallClock
from simulators.fleet.publishing import MqttTarget
from simulators.servers.modbus_lines import Line

__all__ = [
    "Counted",
    "Line",
    "LiveFleet",
    "MqttTarget",
    "Pace",
    "WallClock",
]

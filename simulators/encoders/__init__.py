"""What a device of each protocol sends: one line a protocol. Shares no code with the decoders that it is used to test.

Modbus has no message: its registers are `simulators.devices.registers_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.profiles import ProtocolName
from simulators.devices import payload_of
from simulators.encoders.hj212 import hj212
from simulators.encoders.lorawan import chirpstack, decentlab, milesight
from simulators.encoders.sending import Sending
from simulators.encoders.senml import senml, senml_cbor
from simulators.encoders.sl651 import sl651
from simulators.encoders.sparkplug import DEATH, sparkplug, sparkplug_topic


def _json(sending: Sending) -> bytes:
    return payload_of(sending.profile, sending.values, sending.time_ns, sending.waves)


ENCODERS: Mapping[ProtocolName, Callable[[Sending], bytes]] = {
    "json": _json,
    "senml": senml,
    "senml_cbor": senml_cbor,
    "sparkplug": sparkplug,
    "milesight": milesight,
    "decentlab": decentlab,
    "hj212": hj212,
    "sl651": sl651,
}
"""Protocol of a profile → what one of its messages is made by."""
SPOKEN: frozenset[ProtocolName] = frozenset({"modbus", *ENCODERS})
"""The protocols that simulated devices speak."""

__all__ = ["DEATH", "ENCODERS", "SPOKEN", "Sending", "chirpstack", "sparkplug_topic"]

"""The decoder of a device's messages, by its profile's protocol: one line each. Knows nothing of who carries them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.codecs.chirpstack import unwrap
from gateway.codecs.contract import CodecOptions, Decoded, Decoder, FrameDecoder, Message, Rejected
from gateway.codecs.json_fields import CborFieldsDecoder, JsonFieldsDecoder
from gateway.codecs.packed import PackedDecoder
from gateway.codecs.profile_fields import FieldMapper
from gateway.codecs.registry import CODECS
from gateway.codecs.senml import UCUM, SenmlDecoder
from gateway.errors import DecodeError
from gateway.profiles import FieldPlace, Profile

_OWN: Mapping[str, Callable[[Profile], Decoder]] = {
    "json": JsonFieldsDecoder,
    "cbor": CborFieldsDecoder,
    "packed": PackedDecoder,
}
"""Those that follow the profile into the payload; the others go through their protocol's own words."""
_UNIT_BEARING = frozenset({"senml", "senml_cbor"})


def payload_decoder(profile: Profile, envelope: str = "none") -> Decoder:
    """Return the decoder of a device model's messages, inside the envelope of a network server if there is one."""
    own = _OWN.get(profile.protocol)
    decoder: Decoder = own(profile) if own is not None else _Mapped(profile)
    return _Enveloped(decoder) if envelope == "chirpstack" else decoder


def decode_received(decoder: Decoder, payload: bytes, received_ns: int) -> Decoded:
    """Return what a payload says that was received then, or raise DecodeError when it says nothing."""
    if isinstance(decoder, _Mapped):
        return decoder.decode_received(payload, received_ns)
    return decoder.decode(payload)


class _Mapped:
    """A frame decoder and the mapping of its fields to a profile's points."""

    def __init__(self, profile: Profile) -> None:
        options = CodecOptions(model=profile.model)
        self._frame: FrameDecoder[Any] = CODECS[profile.protocol](options)
        self._mapper = FieldMapper(profile)
        self._names = ", ".join(profile.points)
        self._units: dict[str, set[str]] = {}
        if profile.protocol in _UNIT_BEARING:
            for point in profile.points.values():
                if isinstance(point.place, FieldPlace) and not point.is_text:
                    self._units.setdefault(point.place.path[0], set()).add(UCUM.get(point.unit, point.unit))

    def decode(self, payload: bytes) -> Decoded:
        """Return what the payload says of the profile's points, or raise DecodeError when it says nothing."""
        return self._mapped(self._frame.decode(payload))

    def decode_received(self, payload: bytes, received_ns: int) -> Decoded:
        """Return the same for a payload whose times may count from when it was received."""
        if isinstance(self._frame, SenmlDecoder):
            return self._mapped(self._frame.decode(payload, received_ns))
        return self.decode(payload)

    def _mapped(self, message: Message[Any]) -> Decoded:
        decoded = self._mapper(self._same_units(message) if self._units else message)
        if not (decoded.readings or decoded.texts or decoded.rejected):
            raise DecodeError("no known field", f"none of {self._names}"[:200])
        return decoded

    def _same_units(self, message: Message[Any]) -> Message[Any]:
        """Leave out what comes in another unit than the profile says: it would be a wrong value that looks good."""
        kept, rejected = [], list(message.rejected)
        for one in message.readings:
            wanted = self._units.get(one.field)
            if one.unit and wanted and one.unit not in wanted:
                rejected.append(Rejected(one.field, "unit", f"{one.unit}, not {' or '.join(sorted(wanted))}"))
            else:
                kept.append(one)
        return replace(message, readings=kept, rejected=rejected)


class _Enveloped:
    """A device's payload inside an event of a network server, whose time it takes when it has none."""

    def __init__(self, inner: Decoder) -> None:
        self._inner = inner

    def decode(self, payload: bytes) -> Decoded:
        """Return what the payload inside says, or raise DecodeError when it says nothing."""
        uplink = unwrap(payload)
        decoded = self._inner.decode(uplink.payload)
        if decoded.time_ns is not None or uplink.time_ns is None:
            return decoded
        readings = [
            one if one.time_ns is not None else one._replace(time_ns=uplink.time_ns) for one in decoded.readings
        ]
        return Decoded(readings, decoded.texts, decoded.rejected, uplink.time_ns)

"""Device models, loaded from YAML. Knows nothing of sites, sockets or databases."""

from gateway.profiles.calibration import CONSTANTS, Calibration
from gateway.profiles.loading import LIFELINES, load_profile, load_profiles, profile_ids, read_profile
from gateway.profiles.profile import FieldPlace, Frame, Importance, Point, Profile, TimeFormat
from gateway.profiles.registers import (
    BIT_KINDS,
    ByteOrder,
    Command,
    Counter,
    Hole,
    Meaning,
    ModbusHints,
    Part,
    PollClass,
    RegisterKind,
    RegisterPlace,
    RegisterType,
    SerialDefaults,
    StatusRule,
    WarmUp,
)
from gateway.profiles.written import Lifeline

__all__ = [
    "BIT_KINDS",
    "CONSTANTS",
    "LIFELINES",
    "ByteOrder",
    "Calibration",
    "Command",
    "Counter",
    "FieldPlace",
    "Frame",
    "Hole",
    "Importance",
    "Lifeline",
    "Meaning",
    "ModbusHints",
    "Part",
    "Point",
    "PollClass",
    "Profile",
    "RegisterKind",
    "RegisterPlace",
    "RegisterType",
    "SerialDefaults",
    "StatusRule",
    "TimeFormat",
    "WarmUp",
    "load_profile",
    "load_profiles",
    "profile_ids",
    "read_profile",
]

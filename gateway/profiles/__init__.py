"""Device models, loaded from YAML. Knows nothing of sites, sockets or databases."""

from gateway.profiles.loading import LIFELINES, Lifeline, load_profile, load_profiles, profile_ids, read_profile
from gateway.profiles.profile import (
    ByteOrder,
    FieldPlace,
    Frame,
    Importance,
    Point,
    Profile,
    RegisterKind,
    RegisterPlace,
    RegisterType,
    TimeFormat,
)

__all__ = [
    "LIFELINES",
    "ByteOrder",
    "FieldPlace",
    "Frame",
    "Importance",
    "Lifeline",
    "Point",
    "Profile",
    "RegisterKind",
    "RegisterPlace",
    "RegisterType",
    "TimeFormat",
    "load_profile",
    "load_profiles",
    "profile_ids",
    "read_profile",
]

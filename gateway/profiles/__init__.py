"""Device models, loaded from YAML. Knows nothing of sites, sockets or databases."""

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
    "ByteOrder",
    "FieldPlace",
    "Frame",
    "Importance",
    "Point",
    "Profile",
    "RegisterKind",
    "RegisterPlace",
    "RegisterType",
    "TimeFormat",
]

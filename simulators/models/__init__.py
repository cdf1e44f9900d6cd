"""The physics of a simulated city: one file a model; none of them knows of devices, transport or the gateway."""

"""Device profiles: one YAML file per device model, with frames that prove it, in a folder per lifeline."""

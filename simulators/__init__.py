"""Simulated devices and servers for the demo, the tests and rehearsals."""

"""A small town in EPANET's words: a reservoir, a pump, a tank and three pipes."""

from __future__ import annotations

_TOWN = """[JUNCTIONS]
J1 10 0
J2 8 {demand}
J3 6 {demand}
[RESERVOIRS]
R1 12
[TANKS]
T1 40 3 0.5 6 12 0
[PIPES]
P1 J1 J2 400 300 110 0 Open
P2 J2 J3 400 250 110 0 Open
P3 J2 T1 200 300 110 0 Open
[PUMPS]
PU1 R1 J1 HEAD 1
[CURVES]
1 40 45
[PATTERNS]
{pattern}
[TIMES]
Duration 24:00
{steps}[OPTIONS]
Units LPS
Headloss H-W
[END]
"""


def town(pattern: str, *, demand: float | str = 12, steps: str = "") -> str:
    """Return the file; `pattern` is its day's demand, `steps` are more lines of its times."""
    return _TOWN.format(demand=demand, pattern=f"1 {pattern}", steps=steps)

"""Stories with a known end: a district, what breaks when, and the early warnings that ought to come of it."""

"""Worlds of one's own: EPANET and SWMM files, and site files of a real city, as parts that districts are made of."""

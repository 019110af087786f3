"""Probe types; one file each, found by folder scan."""

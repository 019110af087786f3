"""The phases of a probe, each measured and classified by itself."""

"""Stories for the detector: what is measured, what goes wrong when, which events must come of it; told and judged."""

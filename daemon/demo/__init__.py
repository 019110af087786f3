"""The February 2026 block, played on loopback."""

"""The real InfluxDB for every test of sinks that asks for it."""

from tests.lab.influxd import bucket, influxd, influxd_session

__all__ = ["bucket", "influxd", "influxd_session"]

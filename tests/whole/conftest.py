"""A real InfluxDB and a bucket of its own for every test in this folder."""

from tests.lab.influxd import bucket, influxd, influxd_session

__all__ = ["bucket", "influxd", "influxd_session"]

"""The durable order of rows; the only owner of SQLite."""

"""Who is told of events: each alert a follower with its own cursor, each type a file of its own."""

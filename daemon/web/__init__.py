"""The page: what the journal says, for people and programs, over HTTP."""

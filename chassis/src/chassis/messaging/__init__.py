"""Events: out through the outbox and the relay, in through the worker and the inbox, aside as dead letters."""

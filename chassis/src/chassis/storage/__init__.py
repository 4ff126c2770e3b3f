"""What a process asks and keeps: PostgreSQL, Redis, other servers by HTTP; each call bounded, each failure named."""

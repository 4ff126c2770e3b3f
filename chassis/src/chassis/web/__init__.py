"""What answers a request: who is calling, what they sent, and what they are told."""

"""Load and fault runs against a running stack: they print ratios and end by auditing the data."""

"""A local mail and SMS server that keeps what it is given where a person can read it.

It stands in for the outside world on one machine: a real SMTP server and a small HTTP SMS gateway in one
process. Nothing is ever delivered further.
"""

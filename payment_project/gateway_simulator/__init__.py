"""A simulated card gateway: a process of its own with its own durable record of the money it took.

`python -m gateway_simulator` serves it; bank.py holds its rules, journal.py what survives a kill.
It shares no code with the payment service, as a real gateway would not.
"""

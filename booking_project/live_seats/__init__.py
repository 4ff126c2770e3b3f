"""Seats as they go, to pages that show a seat map: one WebSocket a page, and one small process for thousands of them.

It stands beside booking's web process and reads what GET /showtimes/{id}/seats reads; docs/live-seats.md says what a
client is told, docs/adr/0104-live-seats-are-told-by-a-process-of-their-own.md why it is built so.
"""

"""The shop's own rules, without a service: its pages are seen in a browser by tests/browser."""

"""How a process tells what it does: metrics, traces, logs, and the ids that hold a request together."""

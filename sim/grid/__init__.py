"""The grid beyond the connection: what energy costs and emits there."""

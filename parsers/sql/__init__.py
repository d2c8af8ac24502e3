"""SQL text -> action document."""

"""Queries of `eval`: to come."""

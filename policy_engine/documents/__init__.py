"""The documents that travel: action, identity, request and decision, as frozen structs with JSON Schemas."""

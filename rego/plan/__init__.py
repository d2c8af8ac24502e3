"""OPA's intermediate representation (IR): the plan between a checked policy and code."""

"""OPA's intermediate representation (IR), between a checked policy and code.

`ir` has the structs, `plan_json` reads and writes OPA's plan.json.
"""

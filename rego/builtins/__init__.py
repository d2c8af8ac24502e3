"""Rego's builtin functions, one module per group as OPA's documentation groups them; `registry` knows them all."""

"""The Rego language: bundles, compiling and evaluating policies, running their tests."""

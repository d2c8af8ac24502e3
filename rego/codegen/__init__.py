"""From a plan (OPA's IR) to Python source, and from there to functions."""

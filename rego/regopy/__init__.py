"""The second engine: rego-cpp through `regopy`, in worker processes that can be killed."""

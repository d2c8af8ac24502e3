"""kubectl command lines and Kubernetes API requests -> action document."""

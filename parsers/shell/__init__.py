"""Shell command lines -> action document."""

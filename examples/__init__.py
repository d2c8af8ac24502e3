"""The example bundle, its identities and its commands."""

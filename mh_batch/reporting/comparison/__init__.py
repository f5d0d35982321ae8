"""What changed since another run."""

"""Disclosure control: suppression of small groups and of what would give them away, or counts with noise."""

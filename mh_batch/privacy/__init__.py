"""Rights of persons: withdrawal of consent, erasure, and new pseudonyms."""

"""What persons may ask for: withdrawal of consent, erasure, and new pseudonyms."""

"""Data of a training: prepared rows, texts made of them, and how they become batches."""

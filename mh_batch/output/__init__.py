"""The output root: its layout, who works in it, its score store, its published runs, and their maintenance."""

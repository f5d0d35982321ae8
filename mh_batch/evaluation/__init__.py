"""How well models tell labelled texts apart, how fast, and how that compares with what was published."""

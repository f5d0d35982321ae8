"""How good a model is, and the forms in which it runs elsewhere."""

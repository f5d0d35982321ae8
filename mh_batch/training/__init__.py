"""Recipes that train the two small models that ship in the package."""

"""Small new models, and what they follow of a teacher (Hinton et al. 2015)."""

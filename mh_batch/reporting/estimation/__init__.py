"""Estimation of shares and prevalence from counts, with their uncertainty."""

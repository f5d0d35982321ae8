"""From counts to shares and prevalence, with how far to trust them."""

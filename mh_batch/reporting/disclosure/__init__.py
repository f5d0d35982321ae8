"""What may be shown: groups that are large enough and give no smaller one away, or counts with noise."""

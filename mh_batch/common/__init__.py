"""What every package may use: files, redaction, retries, command-line flags."""

"""Common to all packages: files, redaction, retries, command-line flags."""

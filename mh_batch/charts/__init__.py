"""The look that the pages of reports and evaluations share: templates, numbers in words, colours of charts."""

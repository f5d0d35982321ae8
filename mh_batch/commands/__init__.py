"""What each command does. Spark and the models are imported by the commands that need them."""

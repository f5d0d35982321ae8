"""Side-by-side measurements: this project's engines and job against what people use today.

Needs neither pyspark nor great_expectations, but for the candidates that run on Spark.
"""

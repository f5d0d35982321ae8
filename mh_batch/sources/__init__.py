"""Files and tables of other writers, as they are: which there are, what their columns hold, which rows count.

Needs no Spark, but for `spark_types`.
"""

"""The Spark session, its workers and devices, and how far a stage has come."""

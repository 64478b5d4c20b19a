"""Real parts for the integration tests: Kafka, Redis with Sentinel, the applier, and the oracle.

Everything runs on 127.0.0.1 with free ports and scratch directories, and is ended by its pid.
"""

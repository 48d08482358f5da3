"""Meters of stages and their lanes: queues, where the time goes, utilisation, repairs, outages, overtime."""

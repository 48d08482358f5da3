"""Meters of trucks and their loads: flows, clearance, stock, backlog, booking, shelf life, value, turning back."""

"""Meters of what trucks share: areas and the road outside, pools of units, and areas that lock each other."""

"""What people, agents and machines are shown of a run's event stream.

Nothing is imported here: every Nox call imports `report.modes`, and waits for it.
"""

"""What people, agents and machines are shown of a run's event stream."""

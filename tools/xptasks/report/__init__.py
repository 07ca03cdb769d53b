"""What people, agents and machines are shown of a run's event stream."""

from xptasks.report.combine import MODES, sinks

__all__ = ["MODES", "sinks"]

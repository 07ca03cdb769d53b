"""What people, agents and machines are shown of a run's event stream."""

from xptasks.report.combine import MODES, sinks
from xptasks.report.masks import mask_of
from xptasks.report.result_json import generated_files

__all__ = ["MODES", "generated_files", "mask_of", "sinks"]

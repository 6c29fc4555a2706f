"""Speech servers of our own on this machine, each a child process on a unix socket, looked after."""

from bot.tts.instances.group import instances
from bot.tts.instances.instance import Figures, Instance
from bot.tts.instances.life import InstanceState
from bot.tts.instances.placement import Placement, placed
from bot.tts.instances.program import handed_down

__all__ = ["Figures", "Instance", "InstanceState", "Placement", "handed_down", "instances", "placed"]

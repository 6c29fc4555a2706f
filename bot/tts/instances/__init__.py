"""Speech servers of our own on this machine, each a child process on a unix socket, looked after."""

from bot.tts.instances.instance import Instance, InstanceState

__all__ = ["Instance", "InstanceState"]

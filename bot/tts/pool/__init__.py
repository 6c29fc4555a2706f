"""Several engines that are alike, seen as one: the least busy speaks, and who fails is left out until well again."""

from bot.tts.pool.member import Member, MemberHealth
from bot.tts.pool.pool import Pool

__all__ = ["Member", "MemberHealth", "Pool"]

"""The first tables: preferences, settings, audit, journal, and the audio cache."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them all."""
    _people()
    _guilds()
    op.create_table(
        "journal",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("expires", sa.Double),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("mark", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
    )
    op.create_index("ix_journal_user", "journal", ["user"])
    op.create_index("ix_journal_state_at", "journal", ["state", "at"])
    _audio()


def _people() -> None:
    op.create_table(
        "preferences",
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("voice", sa.Text),
        sa.Column("engine", sa.Text),
        sa.Column("rate", sa.Double),
        sa.Column("language", sa.Text),
        sa.Column("opted_out", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("user", name="pk_preferences"),
    )
    op.create_table(
        "favourites",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("voice", sa.Text, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("kind", "owner", "voice", name="pk_favourites"),
        sqlite_with_rowid=False,
    )


def _guilds() -> None:
    op.create_table(
        "guilds",
        sa.Column("guild", sa.Text, nullable=False),
        sa.Column("voice", sa.Text),
        sa.Column("engine", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("rate", sa.Double),
        sa.Column("locked", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("banned_voices", sa.Text, nullable=False, server_default="[]"),
        sa.Column("allowed_engines", sa.Text, nullable=False, server_default="[]"),
        sa.Column("max_chars", sa.Integer),
        sa.Column("per_user", sa.Integer),
        sa.Column("per_guild", sa.Integer),
        sa.Column("blocked_users", sa.Text, nullable=False, server_default="[]"),
        sa.Column("extra", sa.Text, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("guild", name="pk_guilds"),
    )
    op.create_table(
        "channels",
        sa.Column("guild", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("voice", sa.Text),
        sa.Column("engine", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("rate", sa.Double),
        sa.Column("extra", sa.Text, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("guild", "channel", name="pk_channels"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("guild", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("old", sa.Text, nullable=False),
        sa.Column("new", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_guild_id", "audit", ["guild", "id"])
    op.create_index("ix_audit_by", "audit", ["by"])


def _audio() -> None:
    op.create_table(
        "clips",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("used", sa.Double, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_clips"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_clips_owner", "clips", ["owner"])
    op.create_index("ix_clips_used", "clips", ["used"])
    op.create_table(
        "sounds",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("spoken", sa.Text, nullable=False),
        sa.Column("waveform", sa.LargeBinary, nullable=False),
        sa.Column("ogg", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sounds"),
        sa.ForeignKeyConstraint(["key"], ["clips.key"], name="fk_sounds_key", ondelete="CASCADE"),
    )
    op.create_table(
        "plays",
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("guild", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("user", "guild", "key", name="pk_plays"),
        sa.ForeignKeyConstraint(["key"], ["clips.key"], name="fk_plays_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_plays_key", "plays", ["key"])
    op.create_index("ix_plays_user_at", "plays", ["user", "at"])
    op.create_index("ix_plays_guild_at", "plays", ["guild", "at"])
    op.create_table(
        "attachments",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", "name", name="pk_attachments"),
        sa.ForeignKeyConstraint(["key"], ["clips.key"], name="fk_attachments_key", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )

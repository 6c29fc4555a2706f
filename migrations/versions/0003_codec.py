"""A clip need not be Ogg/Opus."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say how each is encoded, and call what holds it by a name that is true of all."""
    op.alter_column("sounds", "ogg", new_column_name="data")
    op.add_column("sounds", sa.Column("codec", sa.Text, nullable=False, server_default="opus"))

"""The application commands, a cog for each group of them."""

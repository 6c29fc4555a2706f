"""The adapters: each turns its world into Requests, and a Speech into its world."""

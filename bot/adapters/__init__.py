"""Each adapter turns its world into Requests and a Speech into its world; what the chat adapters share stands here."""

"""A model folder put to the test: what it holds, whether it speaks as it should, and how fast."""

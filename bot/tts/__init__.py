"""Engines, voices, text and audio: everything between a text and its sound."""

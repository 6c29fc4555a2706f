"""Sayso gives any chat a voice."""

__version__ = "0.1.0"

"""What people type and press: one module a subject, each with its ``handlers``."""

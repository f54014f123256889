"""An implementation of the Alongside protocol that was written from `spec/` alone."""

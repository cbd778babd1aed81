"""Customer Chat API, customer identity and the widget."""

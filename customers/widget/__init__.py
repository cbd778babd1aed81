"""The widget: the script for other people's pages, the panel inside it, and a page to try it on."""

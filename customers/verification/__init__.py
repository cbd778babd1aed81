"""The page behind the link of a verification mail."""

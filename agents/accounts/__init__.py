"""Sign-in and sign-out of people: the pages in front of the session."""

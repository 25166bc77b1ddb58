"""A file a revision; none of them is changed once it has been released."""

"""What the product itself left on a member."""

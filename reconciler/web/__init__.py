"""What a browser and other programs see of watched clusters: pages and an API that only read."""

"""What the probe prints, a file for each group of sections; it knows no gate."""

"""Growth: the disk, its paths and map, the partition, then the file system, on all members."""

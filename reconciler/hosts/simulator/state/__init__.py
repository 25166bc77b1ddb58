"""What there is: disks, machines, files, the world and its clock; nothing here acts by itself."""

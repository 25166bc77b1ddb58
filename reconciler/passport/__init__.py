"""What is proven where: operations by the kernel and the tools of the hosts on which they were done."""

"""Ways to carry a request: they know HTTP and no persons."""

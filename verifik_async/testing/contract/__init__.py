"""The checks of the transport contract, by what they look at."""

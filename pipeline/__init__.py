"""patchvote: landmark detection by patches that believe and vote."""

__version__ = "0.1.0"

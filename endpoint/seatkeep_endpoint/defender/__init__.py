"""Microsoft Defender beside our own engine: what it says, what it found, and whether it is set as policies want."""

"""What manager, agent and endpoint say to each other: messages, signed documents, policy merge, fingerprint.

Pure: time is an argument, nothing is sent. Bytes in, structs out, and back.
"""

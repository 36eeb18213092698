"""Versions and signatures of the documents that devices obey."""

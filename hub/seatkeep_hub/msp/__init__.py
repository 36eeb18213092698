"""The MSP's daily work, thin: order a bundle, add customers, change seats, invite people, off-board."""

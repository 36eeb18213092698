"""The management side: customers, devices, policies, tasks, detections, console."""

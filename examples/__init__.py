"""A sample class, to see grading at work: `make grade-demo`."""

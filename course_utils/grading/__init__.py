"""Grading: a learner's code runs in a kernel of its own behind a wall; tests and marks stay on this side of it.

`wire` carries data, `testing` runs pytest, `sandbox` builds the wall, `kernel` starts kernels behind it, `session`
grades one notebook. Nothing here is imported by `import course_utils`.
"""

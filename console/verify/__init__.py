"""The oracle over a running installation: reads all three databases and the topics, and finds what must not be.

It is the one place that looks at every schema, as somebody who may read them all. It changes nothing.
"""

"""All random numbers of a run, drawn before it starts, in named streams."""

"""Results for notebooks and scripts: run, study and compare in a line each, and look at a result folder."""

def peers(rows, path): pass

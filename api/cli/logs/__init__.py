"""Commands that read and write what happened at a gate, and what will happen from now on."""

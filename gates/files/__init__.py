"""Gate files: read into models, with every mistake explained."""

"""What results say, in words: run summaries, study advice, labels."""

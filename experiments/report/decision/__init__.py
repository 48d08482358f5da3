"""The page for a decision: one sheet of A4 with the answer of a study, first in its report, in three languages."""

"""Scoring: from the answers of one sitting to one score per scale, by the rules of the instrument itself.

One scorer, pure; every page, export and aggregate reads what it stored. A score carries its standard error, interval,
how many questions were answered and skipped, the missing rule that was used, the band only where neither the missing
answers nor the interval reach across a cut, and a trace of what it was made from. New evidence adds a revision; none is
edited. Words: *score*, *standard error*, *interval*, *band*, *missing rule*, *reliable change*.
"""

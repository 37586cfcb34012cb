"""
Confirmatory factor models of several groups, and whether an instrument measures the same in each of them.

``_structure`` says which item belongs to which factor, ``_parameters`` holds every parameter in matrices and turns them
into means and covariances; the estimators build on both. Files named ``ordinal`` hold what ordered answers need:
statistics, estimates, tests, and the steps of invariance that are theirs.
"""

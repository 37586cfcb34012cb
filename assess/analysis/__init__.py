"""Analysis: evidence on an instrument, computed from answers by `psychometrics`.

Answers come from the programme's own clients (scope `instrument_quality`, de-identified) or from an imported response
file. `importing` checks a file line by line and takes all of it or nothing; `work` computes, in the worker only; a
run keeps its evidence with data digest, versions, seed and date. `rules` holds the values the release gate reads,
free of numpy, because the web process reads them too. Nothing here says whether a result may be shown: that is
`release`.
"""

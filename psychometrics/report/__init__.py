"""The audit for a person with a file of answers: ``python -m psychometrics audit responses.csv …``.

`command` reads the line that was typed, `instruments` and `scales` say which columns make a scale, `table` and
`answers` read the file, `study` computes, `verdicts` words what was found; `terminal`, `page` (with `pictures`) and
`record` show it. Every fault of the input is a `Fault`, and all are told at once.
"""

"""assess: self-hosted administration of validated questionnaires in coaching programmes.

A folder is a concept; inside it `rules.py` decides, `models.py` stores, `service.py` holds the use cases, `views.py`
the pages. The concepts have an order, and each imports only from its left:

    instruments, people < programmes < consent < administration < responses < scoring, safeguarding < analysis
    < release < privacy < reports

Single files beside them serve every concept: `settings` and `paths` (where things are), `db` (tables and
transactions), `vault` (keys and sealed values), `access` (who may ask for what), `audit` (what was done), `jobs` (long
work), `errors`, `i18n`, `web` (what a view needs from the running application) and `app`, the one place that knows
every part.
"""

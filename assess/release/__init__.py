"""Release: the gate between a score and its reader.

A verdict is given per use, for one instrument version, scale and language (and pair of groups): `rules` decides from
evidence and policy, purely, with every reason; `policy.toml` holds the thresholds, which a programme may tighten or,
giving a reason, loosen; `service` gathers the evidence and keeps verdicts and sign-offs. A named lead signs or
refuses. New data or a new policy re-opens a verdict, and a release that no longer holds is suspended in the same
transaction. Only here is a `ReleasedScore` made; pages and exports take nothing else.
"""

"""Reports: what clients, coaches and leads read of results, and never more than the gate released.

Every page takes `ReleasedScore` and `Withheld` from `release` and nothing else. A score stands with its interval, its
missing rule, its evidence and who signed; a withheld one says why in plain words. Coaches read what clients share while
the engagement lasts; leads read aggregates through disclosure control. Each read of a person's data is recorded.
Words: *home*, *task*, *next step*, *result*, *report*, *aggregate*.
"""

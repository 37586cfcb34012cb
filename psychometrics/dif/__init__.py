"""Differential functioning: do people of equal standing answer an item alike, whatever their group?

Observed-score methods (`mantel_haenszel`, `polytomous`, `standardization`, `logistic`) compare people with the same
matching score; model-based ones (`anchors`, `impact`) compare item parameters after the groups were put on one scale by
anchor items; `trees` searches covariates for groups that nobody named. *Reference* and *focal* name the two sides;
every effect is focal minus reference.
"""

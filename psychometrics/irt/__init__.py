"""Item response models: graded (two codes: 2PL), partial credit and generalised partial credit, Rasch; several groups.

Logistic metric without the constant 1.7; slopes and intercepts, P(code >= k) = logistic(slope * trait + intercept_k).
The first group's trait is standard normal; that of others is estimated wherever equal items make it identifiable.
"""

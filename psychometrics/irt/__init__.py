"""Item response models: the graded model (two codes: 2PL; equal slopes: Rasch) for one or several groups.

Logistic metric without the constant 1.7; slopes and intercepts, P(code >= k) = logistic(slope * trait + intercept_k).
The first group's trait is standard normal; that of others is estimated wherever equal items make it identifiable.
"""

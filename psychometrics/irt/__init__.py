"""Item response models: graded (two codes: 2PL), partial credit and generalised partial credit, Rasch; several groups.

Logistic metric without the constant 1.7, slopes and intercepts. Graded: P(code >= k) = logistic(slope * trait +
intercept_k). Partial credit: P(code = k) proportional to exp(k * slope * trait + intercept_k), intercept_0 = 0.
The first group's trait is standard normal (its SD is free where all slopes are 1); that of others is estimated wherever
equal items make it identifiable. Calibrate once: scores, information, fit, classification and change take the result.

`conditional` calibrates the Rasch family without regard to the people's trait, of which it presumes nothing.
`person_fit` judges people's answers without a model, `person_likelihood` under a calibration.
"""

"""Programmes: who is coached by whom, when, and with which questionnaires.

A programme has a battery (two to four instruments) and waves (baseline, midpoint, end, follow-up). An engagement ties
one client to one coach from a day to a day; both declare ties, and a blocking tie stops it. An assignment says: this
client, this instrument, this wave, due then. Access of the coach lives exactly as long as the engagement.
"""

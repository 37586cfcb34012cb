"""The gate: evidence and policy in, a verdict with every reason out.

Effect sizes decide, significance never does: with thousands of people nearly every item differs "beyond doubt", with
few nothing does. An estimate says which way a decision goes; its interval can only make it stricter. A figure that is
unknown or undefined never passes.
"""

from assess.release.rules.decision import decide as decide
from assess.release.rules.decision import still_holds as still_holds
from assess.release.rules.groups import worst_first as worst_first
from assess.release.rules.reliability import coefficient_in_force as coefficient_in_force
from assess.release.rules.values import Condition as Condition
from assess.release.rules.values import Evidence as Evidence
from assess.release.rules.values import NormGroup as NormGroup
from assess.release.rules.values import Outcome as Outcome
from assess.release.rules.values import Policy as Policy
from assess.release.rules.values import Reason as Reason
from assess.release.rules.values import ReleasedScore as ReleasedScore
from assess.release.rules.values import Use as Use
from assess.release.rules.values import Verdict as Verdict
from assess.release.rules.values import Withheld as Withheld

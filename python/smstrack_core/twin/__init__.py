"""The traffic twin: one seed -> one campaign's callbacks, and a ledger of what they must add up to.

Deterministic: the same seed, size and start give the same bytes on every machine. All phone
numbers begin with +999, a code that the ITU has not assigned to any country, so none of them
can ever be somebody's. Knows nothing of the engine: the ledger is an independent account.
"""

from smstrack_core.twin.ledger import Ledger
from smstrack_core.twin.traffic import KANNEL_TEMPLATE, BlastPlan, Traffic, generate
from smstrack_core.twin.wires import Callback

__all__ = ["KANNEL_TEMPLATE", "BlastPlan", "Callback", "Ledger", "Traffic", "generate"]

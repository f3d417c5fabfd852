"""A patient's details as typed: the value, or the French phrase of what is wrong (P13, P14, P29, P32)."""

from rules.details.birth import birth_date
from rules.details.detail import Detail, is_placeholder
from rules.details.email_address import email
from rules.details.mobile import mobile
from rules.details.postal import address

__all__ = ["Detail", "address", "birth_date", "email", "is_placeholder", "mobile"]

"""A patient's details as typed: the value, or the French phrase of what is wrong (P13, P14, P29, P32)."""

from rules.birth import birth_date
from rules.detail import Detail, placeholder
from rules.mailbox import email
from rules.phone import mobile
from rules.postal import address

__all__ = ["Detail", "address", "birth_date", "email", "mobile", "placeholder"]

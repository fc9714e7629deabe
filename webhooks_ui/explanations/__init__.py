"""Why a delivery failed and what to do about it, in words for people."""

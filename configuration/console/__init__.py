"""The developer console: applications, personal access tokens, and the first call.

Owners, viceowners and administrators manage the organisation's applications; every agent makes and
revokes personal access tokens of their own, and makes a first call with one. The pages hold no
rule: services decide, selectors read.
"""

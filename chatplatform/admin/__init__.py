"""The admin: what every page of it shares. Surfaces add the nouns.

``site`` is the place, who may enter and what stands in the menu; ``visitors`` who looks, and whose
organisation they see; ``nouns`` the base of every list and form; ``pages`` of everything else. The
admin holds no rule of its own: lists are read through the organisation, and forms call the actions
of the API (``api/inside.py``) or the services behind them.
"""

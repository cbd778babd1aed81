"""Who a customer is: the accounts endpoints below ``/v2/customer`` (protocol.md 5.4)."""

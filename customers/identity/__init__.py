"""Who a customer is: the accounts endpoints below ``/v2/customer`` (SEMANTICS 5.4)."""

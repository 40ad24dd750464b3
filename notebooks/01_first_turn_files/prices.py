"""Prices of a small shop."""


def total(prices, discount=0.0):
    """Return the sum of `prices` less a discount, a fraction between 0 and 1."""
    return sum(prices) * discount

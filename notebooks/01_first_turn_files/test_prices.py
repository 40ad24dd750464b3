import unittest

from prices import total


class TotalTest(unittest.TestCase):
    def test_without_a_discount_it_is_the_sum(self):
        self.assertEqual(total([2, 3]), 5)

    def test_a_discount_is_taken_off(self):
        self.assertEqual(total([50, 50], discount=0.25), 75)


if __name__ == "__main__":
    unittest.main()

"""What must always be true, verified in the five databases, the broker and the payment gateway's own record."""

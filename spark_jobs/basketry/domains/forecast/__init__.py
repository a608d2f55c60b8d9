"""Revenue of every product in the weeks to come: how much, how sure, and later what came true."""

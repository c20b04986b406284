"""What is remembered for readers: pure folds of facts to rows, and the questions asked of them."""

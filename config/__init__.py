"""What is measured, from where and how often."""

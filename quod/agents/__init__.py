"""What binds the parts together: the steps of a job, from words to a checked certificate."""

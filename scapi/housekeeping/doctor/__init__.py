"""`scapi doctor`: finds problems of an installation, and says why each matters and which command repairs it."""

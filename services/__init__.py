"""The rooms of Yimen: two pure libraries, the plumbing, three services and the command."""

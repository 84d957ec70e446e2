"""The rooms of Yimen: two pure libraries, the plumbing, three services, the portal and the command."""

"""Partners as every service knows them: what the registry says of them, and who a token of theirs speaks for."""

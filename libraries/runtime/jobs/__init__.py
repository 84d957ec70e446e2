"""What services do by themselves, again and again."""

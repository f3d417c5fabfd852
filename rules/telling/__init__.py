"""Who is told what, when and in which words: patients, the practice, the event itself."""

"""Many runs of one scenario: carried out, kept on disk, compared."""

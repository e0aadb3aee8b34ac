"""Tables, figures and pages, drawn from finished runs; the only code that draws."""

"""Reading Rego text: tokens with places, and what a module defines and refers to."""

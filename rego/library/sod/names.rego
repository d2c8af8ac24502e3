# METADATA
# title: How names are matched
# description: |
#   Two ways. `matches` serves rules that permit: a glob must match the name as it is reported, or `kind:name`.
#   `may_match` serves rules that protect: what isn't known (a schema left out, a star, an unknown part) counts
#   as a match, and case doesn't matter.
package sod.names

import rego.v1

matches(pattern, resource) if glob.match(pattern, null, resource.name)

matches(pattern, resource) if glob.match(pattern, null, concat(":", [resource.kind, resource.name]))

matches_any(patterns, _) if count(patterns) == 0

matches_any(patterns, resource) if {
	some pattern in patterns
	matches(pattern, resource)
}

may_match(pattern, resource) if matches(pattern, resource)

may_match(_, resource) if contains(resource.name, "?")

may_match(pattern, resource) if {
	resource.kind in {"table", "view", "column", "function"}
	may_be_same(pattern, resource.name)
}

may_match_any(patterns, _) if count(patterns) == 0

may_match_any(patterns, resource) if {
	some pattern in patterns
	may_match(pattern, resource)
}

# Dotted names are compared from the right, as far as both go: `customers.email` may be `public.customers.email`.
may_be_same(pattern, name) if {
	pattern_parts := split(lower(pattern), ".")
	name_parts := split(lower(name), ".")
	length := min([count(pattern_parts), count(name_parts)])
	pattern_tail := array.slice(pattern_parts, count(pattern_parts) - length, count(pattern_parts))
	name_tail := array.slice(name_parts, count(name_parts) - length, count(name_parts))
	every index, part in pattern_tail {
		part_may_match(part, name_tail[index])
	}
}

part_may_match(pattern, part) if glob.match(pattern, null, part)

part_may_match(_, "*")

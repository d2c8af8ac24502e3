# METADATA
# title: How names are matched
# description: |
#   Two ways. `matches` serves rules that permit: a glob must match the name as it is reported. `may_match` serves
#   rules that protect: what isn't known (a schema left out, a star, a relative path, a whole collection) counts as
#   a match, and case doesn't matter. A pattern that starts with a resource kind and a colon (`file:/etc/*`) is
#   about that kind only; any other pattern is about names of every kind.
package sod.names

import rego.v1

# The words of resource kinds, as in docs/vocabulary.md.
kinds := {
	"column", "database", "extension", "file", "function", "host", "index", "k8s", "path", "process", "program",
	"role", "schema", "secret", "sequence", "setting", "table", "tool", "type", "url", "user", "view",
}

# Kinds whose names are dotted: `schema.table`, `schema.table.column`.
dotted := {"column", "function", "index", "sequence", "table", "type", "view"}

says_kind(pattern) if {
	contains(pattern, ":")
	kind_of(pattern) in kinds
}

kind_of(pattern) := split(pattern, ":")[0]

bare(pattern) := substring(pattern, count(kind_of(pattern)) + 1, -1) if says_kind(pattern)

bare(pattern) := pattern if not says_kind(pattern)

matches("*", _)

matches(pattern, resource) if {
	not climbs(resource)
	not says_kind(pattern)
	glob.match(pattern, null, resource.name)
}

matches(pattern, resource) if {
	not climbs(resource)
	says_kind(pattern)
	kind_of(pattern) == resource.kind
	glob.match(bare(pattern), null, resource.name)
}

# `/var/log/../../etc/shadow` is not below `/var/log`.
climbs(resource) if {
	resource.kind in {"file", "path", "url"}
	contains(resource.name, "..")
}

matches_any(patterns, _) if count(patterns) == 0

matches_any(patterns, resource) if {
	some pattern in patterns
	matches(pattern, resource)
}

may_match(pattern, resource) if {
	kind_fits(pattern, resource.kind)
	may_name(lower(bare(pattern)), resource, lower(resource.name))
}

may_match_any(patterns, _) if count(patterns) == 0

may_match_any(patterns, resource) if {
	some pattern in patterns
	may_match(pattern, resource)
}

kind_fits(pattern, _) if not says_kind(pattern)

kind_fits(pattern, kind) if kind_of(pattern) == kind

# A relation may be a view; whatever concerns a schema or database concerns what is in it.
kind_fits(pattern, kind) if {
	kind in {"database", "schema", "table", "view"}
	kind_of(pattern) in {"table", "view"}
}

kind_fits(pattern, kind) if {
	kind in {"database", "schema"}
	kind_of(pattern) in dotted
}

may_name(pattern, _, name) if glob.match(pattern, null, name)

may_name(_, _, name) if contains(name, "?")

may_name(pattern, resource, name) if {
	resource.kind in dotted
	may_be_same(pattern, name)
}

may_name(pattern, resource, name) if {
	resource.kind == "schema"
	may_hold(pattern, name)
}

may_name(pattern, resource, _) if {
	resource.kind == "database"
	not contains(pattern, "/")
}

may_name(pattern, resource, name) if {
	resource.kind == "k8s"
	may_be_among(pattern, resource, name)
}

may_name(pattern, resource, name) if {
	resource.kind == "program"
	glob.match(last_step(pattern), null, last_step(name))
}

may_name(pattern, resource, name) if {
	resource.kind in {"file", "path"}
	contains(pattern, "/")
	may_lead_to(pattern, name)
}

last_step(path) := split(path, "/")[count(split(path, "/")) - 1]

# Dotted names are compared from the right, as far as both go: `customers.email` may be `public.customers.email`.
# A part of a pattern is a glob on one part of the name.
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

# Parts that hold dots themselves are quoted; they can't be told apart here.
may_be_same(_, name) if contains(name, "\"")

part_may_match(pattern, part) if glob.match(pattern, null, part)

# `customers*` may be any table that begins so.
part_may_match(pattern, part) if {
	contains(part, "*")
	startswith(stem(pattern), stem(part))
}

part_may_match(pattern, part) if {
	contains(part, "*")
	startswith(stem(part), stem(pattern))
}

part_may_match(_, "?")

# True when the table (or schema) `name` may hold what the pattern of a column (or table) is about.
may_hold(pattern, name) if may_be_same(pattern, concat(".", [name, "*"]))

# Kubernetes: a collection, all namespaces, or the namespace itself when it is written (deleted, say).
may_be_among(pattern, _, name) if {
	endswith(name, "/")
	[kinds_wanted, object_wanted] := split(pattern, ":")
	[kind, object] := split(name, ":")
	glob.match(kinds_wanted, null, kind)
	namespace_fits(object_wanted, split(object, "/")[0])
}

may_be_among(pattern, resource, name) if {
	startswith(name, "/namespaces:")
	resource.access == "write"
	[_, object_wanted] := split(pattern, ":")
	namespace_fits(object_wanted, last_step(name))
}

namespace_fits(_, "")

namespace_fits(object_wanted, namespace) if glob.match(split(object_wanted, "/")[0], null, namespace)

# Paths: relative ones, ones that aren't in their shortest form, folders above, and globs the shell expands.
may_lead_to(_, name) if contains(name, "..")

may_lead_to(_, name) if contains(name, "//")

may_lead_to(_, name) if contains(name, "/./")

may_lead_to(pattern, name) if {
	not startswith(name, "/")
	stem(pattern) != pattern
}

may_lead_to(pattern, name) if {
	not startswith(name, "/")
	endswith(pattern, concat("", ["/", trim_prefix(name, "./")]))
}

may_lead_to(pattern, name) if startswith(pattern, concat("", [trim_right(name, "/"), "/"]))

may_lead_to(pattern, name) if {
	stem(name) != name
	startswith(stem(pattern), stem(name))
}

may_lead_to(pattern, name) if {
	stem(name) != name
	startswith(stem(name), stem(pattern))
}

# What stands before the first wildcard.
stem(text) := split(split(split(split(text, "*")[0], "?")[0], "[")[0], "{")[0]

# METADATA
# title: Allowed is what held duties cover
# description: |
#   Every operation must be covered, nested ones too, and of each operation every resource with the effects it
#   answers for: a table that is only read needs a duty that covers `read` of it, the table written needs the
#   writing effects. An opaque operation needs a cover that says `opaque: true`; a risky flag must be listed.
package sod.coverage

import data.sod.holding
import data.sod.names
import data.sod.scope
import rego.v1

# Flags that no cover tolerates unless it lists them.
risky := {
	"all", "bind_all", "cascade_orphan", "context_override", "destructive_rm", "downloads_and_executes",
	"dynamic_sql", "executes_program", "force", "grace_period_zero", "impersonate", "inline_code",
	"insecure_skip_tls", "kubeconfig_override", "lexer_change", "no_where", "parse_error", "plugin",
	"privilege_change", "privilege_elevation", "privileged", "proxy_server", "prune", "raw",
	"reads_server_file", "remote_file", "role_change", "secret_read", "sensitive_assignment",
	"server_override", "token_override", "unparsed", "writes_server_file",
}

# Effects that a resource which is only read can't have.
writing := {"configure", "create", "define", "delete", "execute", "grant", "update"}

allow contains {"rule": "sod.coverage", "message": message, "opaque": input.action.opaque} if {
	count(input.action.operations) > 0
	count(uncovered) == 0
	message := concat("", ["covered by ", concat(", ", sort(covering))])
}

# Why nothing allows: shown to the requester when no other rule decides.
hint contains {"rule": "sod.coverage", "message": message} if {
	count(uncovered) > 0
	some gap in uncovered
	message := concat("", [
		"no duty held by ", who, " covers ", concat(" and ", sort(gap.effects)),
		" of ", gap.resource, gap.remark, "; held: ", holdings,
	])
}

who := input.identity.subject if input.identity.depth == 0

who := concat(" through ", [input.identity.subject, input.identity.actor]) if input.identity.depth > 0

holdings := concat(", ", sort(holding.held)) if count(holding.held) > 0

holdings := "none" if count(holding.held) == 0

covering contains name if {
	some operation in input.action.operations
	some resource in parts(operation)
	some name in holding.held
	covers(name, operation, resource)
}

uncovered contains gap if {
	some operation in input.action.operations
	some resource in parts(operation)
	count({name | some name in holding.held; covers(name, operation, resource)}) == 0
	gap := {
		"effects": shown_effects(operation, resource),
		"resource": concat(" ", [resource.kind, resource.name]),
		"remark": remark(operation),
	}
}

# An operation without resources is one part; unless it is harmless, only a cover without `resources` matches it.
parts(operation) := operation.resources if count(operation.resources) > 0

parts(operation) := [{"kind": operation.verb, "name": "(no resource)", "access": "none"}] if count(operation.resources) == 0

covers(name, operation, resource) if {
	some cover in data.sod.duties[name].covers
	word_admitted(object.get(cover, "protocols", []), input.action.protocol)
	word_admitted(object.get(cover, "verbs", []), operation.verb)
	word_admitted(object.get(cover, "environments", []), input.context.environment)
	count(required(operation, resource) - {effect | some effect in cover.effects}) == 0
	count(risks(operation) - {flag | some flag in object.get(cover, "flags", [])}) == 0
	resource_admitted(object.get(cover, "resources", []), resource, operation)
	opacity_admitted(object.get(cover, "opaque", false), operation)
}

word_admitted(words, _) if count(words) == 0

word_admitted(words, word) if word in words

risks(operation) := {flag | some flag in operation.flags; flag in risky} | risks_of_text

# Flags that the text has as a whole, beside those of its operations.
risks_of_text := {flag | some flag in input.action.flags; flag in risky} - {flag |
	some operation in input.action.operations
	some flag in operation.flags
}

resource_admitted(patterns, _, _) if count(patterns) == 0

resource_admitted(patterns, resource, _) if {
	resource.access != "none"
	names.matches_any(patterns, resource)
}

# `SELECT 1`, `EXPLAIN`, `BEGIN`: what names no resource and only reads or stays in the session touches nothing.
resource_admitted(_, resource, operation) if {
	resource.access == "none"
	count({effect | some effect in operation.effects} - {"read", "session"}) == 0
}

opacity_admitted(true, _)

opacity_admitted(false, operation) if not scope.vague(operation)

# The effects that this resource answers for: of an operation that reads one thing and writes another, reading
# belongs to what is read and the rest to what is written or run.
required(operation, resource) := of_part | unsaid(of_part, resource) if {
	of_part := answered(operation, resource)
	count(of_part) > 0
}

# Whatever its effects say, something that is written is at least updated.
unsaid(effects, resource) := {"update"} if only_read(effects, resource)

unsaid(effects, resource) := set() if not only_read(effects, resource)

only_read(effects, resource) if {
	resource.access == "write"
	count(effects - {"read", "unknown"}) == 0
}

# Nothing is touched for nothing.
required(operation, resource) := plain[resource.access] if count(answered(operation, resource)) == 0

plain := {"read": {"read"}, "write": {"update"}, "execute": {"execute"}, "none": set()}

answered(operation, resource) := {effect | some effect in operation.effects} if {
	not shares(operation, resource)
	not only_runs(operation, resource)
}

answered(operation, resource) := {effect | some effect in operation.effects; not effect in on_data} | {"execute"} if {
	only_runs(operation, resource)
}

answered(operation, resource) := {effect | some effect in operation.effects; not effect in writing} | {"read"} if {
	shares(operation, resource)
	resource.access == "read"
}

answered(operation, resource) := {effect | some effect in operation.effects; effect != "read"} if {
	shares(operation, resource)
	resource.access != "read"
	not only_runs(operation, resource)
}

on_data := {"create", "delete", "read", "update"}

# In `cat a > b` it is the file that is written, not the program.
only_runs(operation, resource) if {
	resource.kind == "program"
	resource.access == "execute"
	some other in operation.resources
	other.access == "write"
}

# True when the operation also touches resources in the other way (read here, written there).
shares(operation, resource) if {
	resource.access == "read"
	some other in operation.resources
	other.access != "read"
}

shares(operation, resource) if {
	resource.access != "read"
	some other in operation.resources
	other.access == "read"
}

shown_effects(operation, resource) := required(operation, resource) if count(required(operation, resource)) > 0

shown_effects(operation, resource) := {"use"} if count(required(operation, resource)) == 0

remark(operation) := concat("", [" (", concat(", ", sort(risks(operation))), ")"]) if count(risks(operation)) > 0

remark(operation) := "" if count(risks(operation)) == 0

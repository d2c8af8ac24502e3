# METADATA
# title: Which operations a rule that protects is about
# description: |
#   `concerns` answers "may this operation fall under the scope?". What isn't known counts as yes: an unknown
#   effect, an opaque operation, a request that doesn't say its environment.
package sod.scope

import data.sod.names
import rego.v1

concerns(scope, operation) if {
	protocol_fits(scope)
	environment_fits(scope)
	verb_fits(scope, operation)
	effect_fits(scope, operation)
	flag_fits(scope, operation)
	resource_fits(scope, operation)
}

# An operation that isn't fully known, by itself or because the text as a whole isn't.
vague(operation) if operation.opaque

vague(_) if text_is_vague

# Problems without an opaque operation: then nothing in the text can be trusted to be complete.
text_is_vague if {
	input.action.opaque
	count({1 | some operation in input.action.operations; operation.opaque}) == 0
}

protocol_fits(scope) if count(object.get(scope, "protocols", [])) == 0

protocol_fits(scope) if input.action.protocol in object.get(scope, "protocols", [])

environment_fits(scope) if count(object.get(scope, "environments", [])) == 0

environment_fits(scope) if input.context.environment in object.get(scope, "environments", [])

environment_fits(_) if input.context.environment == ""

verb_fits(scope, _) if count(object.get(scope, "verbs", [])) == 0

verb_fits(scope, operation) if operation.verb in object.get(scope, "verbs", [])

verb_fits(_, operation) if vague(operation)

effect_fits(scope, _) if count(object.get(scope, "effects", [])) == 0

effect_fits(scope, operation) if {
	some effect in operation.effects
	effect in object.get(scope, "effects", [])
}

effect_fits(_, operation) if "unknown" in operation.effects

effect_fits(_, operation) if vague(operation)

flag_fits(scope, _) if count(object.get(scope, "flags", [])) == 0

flag_fits(scope, operation) if {
	some flag in operation.flags
	flag in object.get(scope, "flags", [])
}

# Flags of the whole text, such as `multi_statement`, concern each of its operations.
flag_fits(scope, _) if {
	some flag in input.action.flags
	flag in object.get(scope, "flags", [])
}

flag_fits(_, operation) if vague(operation)

resource_fits(_, operation) if count(operation.resources) == 0

resource_fits(_, operation) if vague(operation)

resource_fits(scope, operation) if {
	some resource in operation.resources
	names.may_match_any(object.get(scope, "resources", []), resource)
}

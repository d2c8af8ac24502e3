# METADATA
# title: Who holds which duty
# description: |
#   `held` grants: the subject holds the duty by group or by name, and a delegated actor only where the duty
#   lists it and the chain is short enough. `tied` protects: every duty that anybody behind the request may
#   hold, whatever the delegation; rules that keep duties apart use it. Earlier actors of a chain only tighten.
package sod.holding

import rego.v1

held contains name if {
	some name, duty in data.sod.duties
	subject_holds(duty.holders)
	actor_may_act(duty.holders)
}

tied contains name if {
	some name, duty in data.sod.duties
	subject_holds(duty.holders)
}

tied contains name if {
	some name, duty in data.sod.duties
	some subject in object.get(duty.holders, "subjects", [])
	some person in input.identity.conflict_set
	lower(subject) == lower(person)
}

subject_holds(holders) if {
	some group in object.get(holders, "groups", [])
	group in input.identity.groups
}

subject_holds(holders) if {
	some subject in object.get(holders, "subjects", [])
	subject == input.identity.subject
}

actor_may_act(_) if input.identity.depth == 0

actor_may_act(holders) if {
	input.identity.depth > 0
	input.identity.depth <= object.get(holders, "max_depth", 1)
	some pattern in object.get(holders, "agents", [])
	glob.match(pattern, null, input.identity.actor)
}

# METADATA
# title: Duties that one person must not combine
# description: |
#   Conflicts of kind `role`: whoever is tied to more than one of the conflict's duties (by group, by name, or
#   through anybody in the chain) may use none of them.
package sod.separation

import data.sod.holding
import data.sod.scope
import rego.v1

deny contains {"rule": "sod.separation", "message": message, "severity": "high", "duty": duty} if {
	some name, conflict in data.sod.conflicts
	conflict.kind == "role"
	combined := {candidate | some candidate in conflict.duties; candidate in holding.tied}
	count(combined) > 1
	some duty in combined
	exercised(duty)
	message := concat("", [
		"conflict ", name, ": nobody may combine ", concat(" and ", sort(combined)),
		", and ", input.identity.subject, " does; use an identity that holds only one",
	])
}

exercised(duty) if {
	some cover in data.sod.duties[duty].covers
	some operation in input.action.operations
	scope.concerns(object.remove(cover, ["flags"]), operation)
}

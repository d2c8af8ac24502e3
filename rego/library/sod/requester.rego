# METADATA
# title: Requester is not executor
# description: |
#   Conflicts of kind `requester`: an action under one of the conflict's duties carries out a plan that somebody
#   else asked for, and it is one of the plan's actions. Anybody in the executor's conflict set counts as the
#   executor. It doesn't matter under which duty the executor acts; but merely reading is no use of a duty that
#   changes things.
package sod.requester

import data.sod.scope
import rego.v1

concerned contains [name, duty] if {
	some name, conflict in data.sod.conflicts
	conflict.kind == "requester"
	some duty in conflict.duties
	some cover in data.sod.duties[duty].covers
	some operation in input.action.operations
	scope.concerns(characteristic(cover), operation)
}

# The cover as a scope: its flags only say what it tolerates, its weightiest effects what it is for.
characteristic(cover) := object.union(object.remove(cover, ["flags"]), {"effects": weighty(cover.effects)})

weighty(effects) := [effect | some effect in effects; not effect in {"read", "session"}] if {
	count([effect | some effect in effects; not effect in {"read", "session"}]) > 0
}

weighty(effects) := effects if {
	count([effect | some effect in effects; not effect in {"read", "session"}]) == 0
}

deny contains {"rule": "sod.requester", "message": message, "severity": "high", "duty": duty} if {
	some [name, duty] in concerned
	not has_plan
	message := concat("", ["conflict ", name, ": ", what, " needs a plan that somebody else requested; none was given"])
}

deny contains {"rule": "sod.requester", "message": message, "severity": "high", "duty": duty} if {
	some [name, duty] in concerned
	has_plan
	some person in input.identity.conflict_set
	lower(person) == lower(input.context.plan.requested_by)
	message := concat("", ["conflict ", name, ": plan ", input.context.plan.id, " was requested by ", input.context.plan.requested_by, ", who must not also carry it out"])
}

deny contains {"rule": "sod.requester", "message": message, "severity": "high", "duty": duty} if {
	some [name, duty] in concerned
	has_plan
	not input.action.digest in input.context.plan.action_digests
	message := concat("", ["conflict ", name, ": the action is not part of plan ", input.context.plan.id])
}

deny contains {"rule": "sod.requester", "message": message, "severity": "high", "duty": duty} if {
	some [name, duty] in concerned
	has_plan
	input.context.plan.requested_by == ""
	message := concat("", ["conflict ", name, ": plan ", input.context.plan.id, " doesn't say who requested it"])
}

has_plan if is_object(input.context.plan)

what := "this" if not input.action.opaque

what := "what can't be known for certain" if input.action.opaque

# METADATA
# title: Requester is not executor
# description: |
#   Conflicts of kind `requester`: an action under one of the conflict's duties carries out a plan that somebody
#   else asked for, and it is one of the plan's actions. Anybody in the executor's conflict set counts as the
#   executor.
package sod.requester

import data.sod.separation
import rego.v1

concerned contains [name, duty] if {
	some name, conflict in data.sod.conflicts
	conflict.kind == "requester"
	some duty in conflict.duties
	separation.exercised(duty)
}

deny contains {"rule": "sod.requester", "message": message, "severity": "high", "duty": duty} if {
	some [name, duty] in concerned
	not has_plan
	message := concat("", ["conflict ", name, ": this needs a plan that somebody else requested; none was given"])
}

deny contains {"rule": "sod.requester", "message": message, "severity": "high", "duty": duty} if {
	some [name, duty] in concerned
	has_plan
	input.context.plan.requested_by in input.identity.conflict_set
	message := concat("", ["conflict ", name, ": plan ", input.context.plan.id, " was requested by ", input.context.plan.requested_by, ", who must not also carry it out"])
}

deny contains {"rule": "sod.requester", "message": message, "severity": "high", "duty": duty} if {
	some [name, duty] in concerned
	has_plan
	not input.action.digest in input.context.plan.action_digests
	message := concat("", ["conflict ", name, ": the action is not part of plan ", input.context.plan.id])
}

has_plan if is_object(input.context.plan)

# METADATA
# title: Destructive and other weighty effects need somebody else's approval
# description: |
#   Every rule of `data.sod.approvals` whose scope may concern an operation asks for its approvers. One grant must
#   satisfy all of them together, by distinct humans who are not the requester, not in the executor's
#   conflict set, and each counted once, whatever groups they are in.
package sod.approval

import data.sod.scope
import rego.v1

triggered contains name if {
	some name, rule in data.sod.approvals
	some operation in input.action.operations
	scope.concerns(rule.when, operation)
}

approve contains member if {
	not granted
	some name in triggered
	rule := data.sod.approvals[name]
	member := {
		"rule": "sod.approval",
		"message": concat("", [name, ": ", object.get(rule, "description", "somebody else must approve this")]),
		"approvers": rule.approvers,
		"expires_in": object.get(rule, "expires_in", 3600),
		"max_uses": object.get(rule, "max_uses", 1),
		"opaque": input.action.opaque,
	}
}

# What several rules ask for alike is asked once, as in the requirement that the requester sees.
entries contains {"groups": {group | some group in entry.groups}, "count": object.get(entry, "count", 1)} if {
	some name in triggered
	some entry in data.sod.approvals[name].approvers
}

granted if {
	some grant in input.grants
	satisfied(grant)
}

# More kinds of approvers than anybody gathers; the search below doubles with each.
most_entries := 10

# Hall's condition: distinct persons for all entries exist exactly when every choice of entries has enough
# persons between them.
satisfied(grant) if {
	wanted := [entry | some entry in entries]
	count(wanted) > 0
	count(wanted) <= most_entries
	every choice in numbers.range(1, power(count(wanted)) - 1) {
		enough(grant, chosen(wanted, choice))
	}
}

enough(grant, few) if {
	needed := sum([entry.count | some entry in few])
	persons := {person | some entry in few; some person in eligible(grant, entry)}
	count(persons) >= needed
}

chosen(wanted, choice) := [wanted[index] |
	some index in numbers.range(0, count(wanted) - 1)
	bits.and(bits.rsh(choice, index), 1) == 1
]

power(exponent) := bits.lsh(1, exponent)

# Names of persons are compared without case: `Bob` must not approve for `bob`.
eligible(grant, entry) := {lower(approval.person) |
	some approval in grant.approvals
	approval.kind == "human"
	not lower(approval.person) in excluded(grant)
	some group in approval.groups
	group in entry.groups
}

# The requester of the grant or of the plan, and everybody who counts as the executor.
excluded(grant) := ({lower(grant.requested_by)} | {lower(person) | some person in input.identity.conflict_set}) | planner

planner := {lower(input.context.plan.requested_by)} if is_object(input.context.plan)

planner := set() if not is_object(input.context.plan)
